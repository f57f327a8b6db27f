import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import pg from 'pg';
import { availablePoolers, type Pooler } from '../support/deployments/pooler.js';
import { eventually } from '../support/eventually.js';
import { createEmptyDatabase, type TestDatabase } from '../support/services.js';

// Each migration is a process of its own, whose start takes its time on a busy machine.
import.meta.jest.setTimeout(120_000);

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
  const { rows } = await client.query<object>(
    `SELECT objid, granted FROM pg_locks JOIN pg_database ON pg_database.oid = database
     WHERE locktype = 'advisory' AND datname = current_database()`,
  );
  await client.end();
  return rows;
}

/** Locks of this database that a statement waits for. The server has others, of tests that run at the same time. */
const AWAITED = `pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted`;

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
  }, 120_000);

  it('take as long as they take, whatever bound the database has for short statements', async () => {
    const name = new URL(database.url).pathname.slice(1);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`ALTER DATABASE "${name}" SET statement_timeout = '1s'`);
    await client.query(`ALTER DATABASE "${name}" SET idle_in_transaction_session_timeout = '1s'`);
    await client.end();
    write('SELECT pg_sleep(2);\n');
    expect(await migrate(database.url, prisma)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  describe('of a database in use', () => {
    let client: pg.Client;
    beforeEach(async () => {
      write('SELECT 1;\n');
      await migrate(database.url, prisma);
      client = new pg.Client({ connectionString: database.url });
      await client.connect();
    });
    afterEach(() => client.end());

    const add = (name: string, sql: string) => {
      mkdirSync(join(prisma, 'migrations', name));
      writeFileSync(join(prisma, 'migrations', name, 'migration.sql'), sql);
    };
    const hasColumn = async () =>
      (await client.query(`SELECT FROM pg_attribute WHERE attrelid = 'message'::regclass AND attname = 'planted'`))
        .rowCount === 1;
    const isValid = async () => {
      const { rows } = await client.query<{ valid: boolean }>(
        `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('planted_idx')`,
      );
      return rows.map(({ valid }) => valid);
    };
    const CONCURRENT =
      '-- Alone in its file.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS "planted_idx" ON "message"("model");\n';

    it('wait for a lock in short tries, so that nothing waits behind them for long', async () => {
      const refused: string[] = [];
      add('0100_column', 'ALTER TABLE "message" ADD COLUMN "planted" text;\n');
      await client.query('BEGIN; SELECT count(*) FROM message');
      const migrating = migrate(database.url, prisma, '--lock-timeout', '0.2');
      let said = '';
      migrating.stdout.on('data', (text: Buffer) => (said += text.toString()));
      // By PostgreSQL's own measure, which is the wait for the lock alone: a read that waits longer is refused.
      const reader = new pg.Client({ connectionString: database.url, options: '-c lock_timeout=1500ms' });
      await reader.connect();
      await eventually(
        async () => {
          await reader.query('SELECT count(*) FROM message').catch((error: Error) => refused.push(error.message));
          return said.includes('in 3 tries') || refused.length > 0;
        },
        { withinMs: 60_000, everyMs: 0 },
      );
      await reader.end();
      await client.query('COMMIT');
      const { exitCode, stdout } = await migrating;
      expect({ exitCode, stdout }).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/Applied 0100_column\.$/),
      });
      expect(stdout).toMatch(/A lock was not free within 0\.2 s, in 2 tries\. Open meanwhile: process \d+ of \w+/);
      expect(refused).toEqual([]);
      expect(await hasColumn()).toBe(true);
    }, 120_000);

    it('that get no lock at all have changed nothing, and are applied when they are run again', async () => {
      add('0100_column', 'CREATE TABLE shelf ();\nALTER TABLE "message" ADD COLUMN "planted" text;\n');
      await client.query('BEGIN; SELECT count(*) FROM message');
      const given = await migrate(database.url, prisma, '--lock-timeout', '0.1', '--retry-for', '1');
      await client.query('COMMIT');
      expect(given.exitCode).toBe(1);
      expect(given.stderr).toMatch(
        /^Migration failed: 0100_column has changed nothing yet: run it again\. A lock was not free/,
      );
      expect(await tables(database.url)).not.toContain('shelf');
      expect(await migrate(database.url, prisma)).toMatchObject({ exitCode: 0, stdout: 'Applied 0100_column.' });
    }, 120_000);

    it('that were killed half-way are applied by the next run', async () => {
      add('0100_column', 'ALTER TABLE "message" ADD COLUMN "planted" text;\n');
      await client.query('BEGIN; SELECT count(*) FROM message');
      const killed = migrate(database.url, prisma);
      await eventually(async () => {
        await client.query('SELECT pg_stat_clear_snapshot()');
        return (await client.query(`SELECT FROM ${AWAITED}`)).rowCount === 1;
      });
      killed.kill('SIGKILL');
      await killed;
      // PostgreSQL doesn't notice while a statement of the process waits.
      await client.query(`SELECT pg_terminate_backend(pid) FROM ${AWAITED}`);
      await client.query('COMMIT');
      const { exitCode, stdout } = await migrate(database.url, prisma);
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: '0100_column was interrupted before; it is applied anew.\nApplied 0100_column.',
      });
    }, 120_000);

    it('build an index concurrently, also while another replica waits for its turn', async () => {
      const name = new URL(database.url).pathname.slice(1);
      await client.query(`ALTER DATABASE "${name}" SET statement_timeout = '500ms'`);
      add('0100_index', CONCURRENT);
      const writer = new pg.Client({ connectionString: database.url, options: '-c statement_timeout=0' });
      await writer.connect();
      // The build waits for the transactions that write to the table when it begins.
      await writer.query(
        'BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE message IN ROW EXCLUSIVE MODE',
      );
      const replicas = Promise.all([migrate(database.url, prisma), migrate(database.url, prisma)]);
      await eventually(async () => (await client.query(`SELECT FROM ${AWAITED}`)).rowCount === 1, { withinMs: 30_000 });
      await client.query('SELECT pg_sleep(1)').catch(() => undefined);
      await client.query('INSERT INTO "user" (id, phone) VALUES (gen_random_uuid(), $1)', ['+14155550101']);
      await writer.query('COMMIT');
      await writer.end();
      expect((await replicas).map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual([
        { exitCode: 0, stderr: '' },
        { exitCode: 0, stderr: '' },
      ]);
      expect(await isValid()).toEqual([true]);
    }, 120_000);

    it('build an index anew that was left half-built', async () => {
      await client.query(
        `INSERT INTO "user" (id, phone) VALUES (gen_random_uuid(), '+14155550101'), (gen_random_uuid(), '+14155550102')`,
      );
      add('0100_index', 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS planted_idx ON "user" ((left(phone, 5)));\n');
      const failed = await migrate(database.url, prisma);
      expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringMatching('Unique constraint failed') });
      expect(await isValid()).toEqual([false]);
      await client.query(`DELETE FROM "user" WHERE phone = '+14155550102'`);
      const rerun = await migrate(database.url, prisma, '--rolled-back', '0100_index');
      expect(rerun).toMatchObject({ exitCode: 0, stdout: 'Applied 0100_index.' });
      expect(await isValid()).toEqual([true]);
    }, 120_000);

    it('refuse to go on, by name, when one was edited after it was applied', async () => {
      write('SELECT 2;\n');
      add('0100_column', 'ALTER TABLE "message" ADD COLUMN "planted" text;\n');
      const refused = await migrate(database.url, prisma);
      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toMatch(/^Migration failed: 0099_next was applied to this database with another text/);
      expect(await hasColumn()).toBe(false);
      // The same text with the ends of lines of another system is no other text.
      write('SELECT 1;\r\n');
      expect(await migrate(database.url, prisma)).toMatchObject({ exitCode: 0, stdout: 'Applied 0100_column.' });
    }, 120_000);

    it('that a newer release has applied are named, and stay', async () => {
      rmSync(join(prisma, 'migrations/0099_next'), { recursive: true });
      expect(await migrate(database.url, prisma)).toMatchObject({
        exitCode: 0,
        stdout:
          'The database is newer than this release, which does not know 0099_next. They stay.\nThe database is up to date.',
      });
    });
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
      // The pooler takes what a process leaves behind back after the process has ended.
      await eventually(async () => (await advisoryLocks(database.url)).length === 0);
      expect(await tables(database.url)).toContain('message');
    });

    it('build an index concurrently, and leave no setting with a connection', async () => {
      write('CREATE INDEX CONCURRENTLY IF NOT EXISTS planted_idx ON message (model);\n');
      expect(await migrate(pooler.url(database.url), prisma)).toMatchObject({ exitCode: 0, stderr: '' });
      const client = new pg.Client({ connectionString: pooler.url(database.url) });
      await client.connect();
      const { rows } = await client.query<object>('SHOW lock_timeout');
      await client.end();
      expect(rows).toEqual([{ lock_timeout: '0' }]);
    }, 120_000);
  });
});
