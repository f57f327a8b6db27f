import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/services.js';

const { TEST_OWNER_PASSWORD: ownerPassword = '', TEST_APP_PASSWORD: appPassword = '' } = process.env;
/** On a server that the environment names, roles of these names may belong to somebody. */
const withRoles = appPassword === '' ? describe.skip : describe;

/** Runs a script of `prisma`. */
const run = (script: string, env: Record<string, string>) =>
  spawnSync(process.execPath, [fileURLToPath(new URL(`../../prisma/${script}.mjs`, import.meta.url))], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });

let database: TestDatabase;
let app: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  app = new pg.Client({ connectionString: database.appUrl });
  await app.connect();
});
afterAll(async () => {
  await app?.end();
  await database?.drop();
});

withRoles('the role by which the product runs', () => {
  it('is no superuser, owns nothing, and may make no role and no database', async () => {
    const { rows } = await app.query(
      'SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user',
    );
    expect(rows).toEqual([
      { rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolreplication: false, rolbypassrls: false },
    ]);
    const { rows: owned } = await app.query('SELECT relname FROM pg_class WHERE relowner = current_user::regrole');
    expect(owned).toEqual([]);
  });

  it.each([
    'DROP TABLE message',
    'ALTER TABLE message ADD COLUMN x int',
    'ALTER TABLE message DISABLE TRIGGER ALL',
    'TRUNCATE message',
    'CREATE TABLE x (y int)',
    'CREATE FUNCTION x() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
    'CREATE SCHEMA x',
    'CREATE ROLE x',
    'DROP FUNCTION set_user_of_reply',
    'ALTER TYPE message_role RENAME TO x',
    'SET ROLE gemini_chat_owner',
    'GRANT ALL ON message TO PUBLIC',
    "COPY message TO PROGRAM 'true'",
    'SELECT * FROM pg_authid',
  ])('may not %s', async (statement) => {
    // A grant of what one does not have is a warning in PostgreSQL, and grants nothing.
    const before = await privileges();
    const refusal = await app.query(statement).then(
      () => 'nothing granted',
      ({ message }: Error) => message,
    );
    expect(refusal).toMatch(/permission denied|must be owner|nothing granted/);
    expect(await privileges()).toEqual(before);
  });

  it('reads and writes the rows of every table', async () => {
    const { rows } = await app.query<{ name: string; may: boolean }>(
      `SELECT relname AS name, has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
         AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE') AS may
       FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
    );
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ may }) => !may)).toEqual([]);
  });

  const privileges = async () =>
    (
      await app.query(
        `SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`,
      )
    ).rows;
});

withRoles('a database of the owner', () => {
  it('is migrated by the owner alone, and used by the app', async () => {
    const empty = await createEmptyDatabase();
    try {
      const passwords = { DATABASE_OWNER_PASSWORD: ownerPassword, DATABASE_APP_PASSWORD: appPassword };
      expect(run('roles', { DATABASE_ADMIN_URL: empty.url, ...passwords })).toMatchObject({ status: 0, stderr: '' });
      const ofApp = run('migrate', { DATABASE_URL: empty.appUrl });
      expect(ofApp).toMatchObject({ status: 1, stderr: expect.stringContaining('permission denied') });
      const owner = Object.assign(new URL(empty.url), { username: 'gemini_chat_owner', password: ownerPassword });
      expect(run('migrate', { DATABASE_URL: owner.href })).toMatchObject({ status: 0, stderr: '' });
      // And once more, as each release does.
      expect(run('roles', { DATABASE_ADMIN_URL: empty.url, ...passwords })).toMatchObject({ status: 0, stderr: '' });
      const client = new pg.Client({ connectionString: empty.appUrl });
      await client.connect();
      await client.query(
        `INSERT INTO "user" (id, phone, created_at) VALUES (gen_random_uuid(), '+14155550100', now())`,
      );
      await expect(client.query('DROP TABLE "user" CASCADE')).rejects.toThrow('must be owner');
      await client.end();
    } finally {
      await empty.drop();
    }
  }, 120_000);
});

describe('npm run db:roles', () => {
  const known = { DATABASE_OWNER_PASSWORD: 'only-for-development', DATABASE_APP_PASSWORD: 'a-value-of-its-own' };

  it('names what it lacks', () => {
    const { status, stderr } = run('roles', { NODE_ENV: 'test', DATABASE_APP_PASSWORD: 'x' });
    expect(status).toBe(1);
    expect(stderr).toContain('DATABASE_ADMIN_URL, DATABASE_OWNER_PASSWORD must be set');
  });

  it.each(['', 'production'])('refuses passwords that are public with NODE_ENV=%s', (NODE_ENV) => {
    const { status, stderr } = run('roles', { NODE_ENV, DATABASE_ADMIN_URL: database.url, ...known });
    expect(status).toBe(1);
    expect(stderr).toContain('DATABASE_OWNER_PASSWORD must have a value of its own in production');
    expect(stderr).not.toContain('DATABASE_APP_PASSWORD');
  });
});
