import pg from 'pg';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { inspectSchema } from './schema-inspection.js';

describe('inspectSchema', () => {
  let database: TestDatabase;
  let client: pg.Client;

  /** On a connection of the role by which the product runs. */
  async function open(created: Promise<TestDatabase>): Promise<void> {
    database = await created;
    client = new pg.Client({ connectionString: database.appUrl });
    await client.connect();
  }
  afterEach(async () => {
    await client.end();
    await database.drop();
  });

  it('finds nothing when the database has what the build was made with', async () => {
    await open(createTestDatabase());
    expect(await inspectSchema(client)).toBeNull();
  });

  it('finds nothing when the database is newer', async () => {
    await open(createTestDatabase());
    expect(await inspectSchema(client, ['0001_init'])).toBeNull();
  });

  it('names what an older database lacks', async () => {
    await open(createTestDatabase());
    expect(await inspectSchema(client, ['0001_init', '0998_colour', '0999_shape'])).toBe(
      "The database's schema is older than this release, it lacks 0998_colour, 0999_shape; run npm run db:migrate",
    );
  });

  it('does not count a migration that has not ended', async () => {
    await open(createTestDatabase());
    const owner = new pg.Client({ connectionString: database.url });
    await owner.connect();
    await owner.query(`UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '0001_init'`);
    await owner.end();
    expect(await inspectSchema(client, ['0001_init'])).toMatch(/lacks 0001_init;/);
  });

  it('says that a database has not been migrated at all', async () => {
    await open(createEmptyDatabase());
    expect(await inspectSchema(client)).toBe('The database has no schema yet; run npm run db:migrate');
  });
});
