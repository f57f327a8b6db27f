import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import pg from 'pg';
import { availablePoolers, type Pooler } from '../support/deployments/pooler.js';
import { eventually } from '../support/eventually.js';
import { createEmptyDatabase, type TestDatabase } from '../support/services.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs `npm run db:migrate`'s command from a copy of prisma/, or from the real one. */
function migrate(databaseUrl: string, prisma = `${root}prisma`, ...args: string[]) {
  return execa(process.execPath, [join(prisma, 'migrate.mjs'), ...args], {
    cwd: root,
    env: { DATABASE_URL: databaseUrl },
    reject: false,
  });
}

async function tables(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  await client.end();
  return rows.map(({ name }) => name);
}

async function advisoryLocks(databaseUrl: string): Promise<object[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<object>("SELECT objid, granted FROM pg_locks WHERE locktype = 'advisory'");
  await client.end();
  return rows;
}

const poolers = await availablePoolers();

describe('Migrations', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(() => database.drop());

  it('are applied once when several replicas start at the same moment', async () => {
    const replicas = await Promise.all(Array.from({ length: 4 }, () => migrate(database.url)));
    expect(replicas.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(replicas.filter(({ stdout }) => stdout.startsWith('Applied 0001_init'))).toHaveLength(1);
    expect(replicas.filter(({ stdout }) => stdout === 'The database is up to date.')).toHaveLength(3);
  });

  it('report a missing database without its password', async () => {
    const missing = await migrate('');
    expect(missing).toMatchObject({ exitCode: 1, stderr: 'Migration failed: DATABASE_URL is not set.' });
    const url = Object.assign(new URL(database.url), { pathname: '/nowhere' });
    const unknown = await migrate(url.href);
    expect(unknown).toMatchObject({ exitCode: 1, stderr: 'Migration failed: database "nowhere" does not exist' });
  });

  let prisma: string;
  const write = (sql: string) => writeFileSync(join(prisma, 'migrations/0099_next/migration.sql'), sql);
  beforeEach(() => {
    // Inside the repository, so that its packages are found.
    mkdirSync(`${root}.data`, { recursive: true });
    prisma = mkdtempSync(`${root}.data/migrations-`);
    cpSync(`${root}prisma`, prisma, { recursive: true });
    mkdirSync(join(prisma, 'migrations/0099_next'));
  });
  afterEach(() => rmSync(prisma, { recursive: true }));

  describe('of which one fails half-way', () => {
    it('undo all of it, and apply it again once it is corrected and marked as rolled back', async () => {
      write("CREATE TABLE shelf (note text DEFAULT 'a;b');\nSELECT nonsense;\n");
      const failed = await migrate(database.url, prisma);
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toMatch('nonsense');
      expect(await tables(database.url)).not.toContain('shelf');

      write("CREATE TABLE shelf (note text DEFAULT 'a;b');\n");
      expect(await migrate(database.url, prisma)).toMatchObject({ exitCode: 1 });
      const corrected = await migrate(database.url, prisma, '--rolled-back', '0099_next');
      expect(corrected).toMatchObject({ exitCode: 0, stdout: 'Applied 0099_next.' });
      expect(await tables(database.url)).toContain('shelf');
    });
  });

  it('give every message its user, also one that a process of the previous release is writing meanwhile', async () => {
    const later = readdirSync(join(prisma, 'migrations')).filter((name) => name.startsWith('0') && name > '0004');
    write('SELECT 1;\n');
    for (const name of later) renameSync(join(prisma, 'migrations', name), join(prisma, name));
    expect(await migrate(database.url, prisma)).toMatchObject({ exitCode: 0, stderr: '' });
    for (const name of later) renameSync(join(prisma, name), join(prisma, 'migrations', name));
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const insert = (seq: number) =>
      client.query(
        `INSERT INTO message (id, chatroom_id, seq, role, status, content, created_at, completed_at)
         SELECT gen_random_uuid(), id, $1, 'user', 'completed', 'A question', now(), now() FROM chatroom`,
        [seq],
      );
    await client.query(`INSERT INTO "user" (id, phone, created_at) VALUES (gen_random_uuid(), '+14155550100', now())`);
    await client.query(`INSERT INTO chatroom (id, user_id) SELECT gen_random_uuid(), id FROM "user"`);
    await insert(1);
    await client.query('BEGIN');
    await insert(2);
    const migrating = migrate(database.url, prisma);
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    await eventually(
      async () => {
        // Within a transaction PostgreSQL shows one state of its activity, unless it is told to forget that.
        await client.query('SELECT pg_stat_clear_snapshot()');
        return ((await client.query(waiting)).rowCount ?? 0) > 0;
      },
      { withinMs: 30_000 },
    );
    await client.query('COMMIT');
    expect(await migrating).toMatchObject({ exitCode: 0, stderr: '' });
    const { rows } = await client.query<object>('SELECT seq FROM message WHERE user_id IS NOT NULL ORDER BY seq');
    await client.end();
    expect(rows).toEqual([{ seq: 1 }, { seq: 2 }]);
  }, 90_000);

  it('take as long as they take, whatever bound the database has for short statements', async () => {
    const name = new URL(database.url).pathname.slice(1);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`ALTER DATABASE "${name}" SET statement_timeout = '200ms'`);
    await client.query(`ALTER DATABASE "${name}" SET idle_in_transaction_session_timeout = '200ms'`);
    await client.end();
    write('SELECT pg_sleep(0.5);\n');
    expect(await migrate(database.url, prisma)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  describe.each(poolers)('through $name', ({ start }) => {
    let pooler: Pooler;
    beforeEach(async () => {
      pooler = await start({ default_pool_size: 8 });
    });
    afterEach(() => pooler.stop());

    it('are applied once, and leave no lock behind', async () => {
      const replicas = await Promise.all(Array.from({ length: 3 }, () => migrate(pooler.url(database.url))));
      expect(replicas.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
        Array.from({ length: 3 }, () => ({ exitCode: 0, stderr: '' })),
      );
      expect(replicas.filter(({ stdout }) => stdout.startsWith('Applied 0001_init'))).toHaveLength(1);
      expect(await advisoryLocks(database.url)).toEqual([]);
      expect(await tables(database.url)).toContain('message');
    });
  });
});
