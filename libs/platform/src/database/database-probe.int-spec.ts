import { chown, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../../../scripts/services/ports.mjs';
import { NO_FSYNC, startPostgres } from '../../../../scripts/services/postgres.mjs';
import { Processes } from '../../../../scripts/services/processes.mjs';
import { eventually } from '../../../../test/support/eventually.js';
import { Database } from './database.client.js';
import { DatabaseConfig } from './database.config.js';
import { MIGRATIONS } from './generated/migrations.js';

const processes = new Processes();
/** A server of its own: one that other tests use can't be made a standby. */
let server: Awaited<ReturnType<typeof startPostgres>>;
let admin: pg.Client;
let database: Database;

/** What a build looks for in a database that has all of its migrations. */
const MIGRATED = `
  CREATE TABLE _prisma_migrations (migration_name text, finished_at timestamptz DEFAULT now(), rolled_back_at timestamptz);
  INSERT INTO _prisma_migrations SELECT unnest($1::text[])`;

async function onServer(use: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  await use(client).finally(() => client.end());
}

/** Makes a server, and starts it again as a standby, as one that has lost an election is. */
async function startStandby(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'chat-standby-'));
  processes.removeAtEnd(folder);
  const options = { folder, port: await freePort(), password: 'of-a-test', settings: NO_FSYNC };
  server = await startPostgres(processes, options);
  await onServer(async (client) => {
    const [create = '', insert = ''] = MIGRATED.split(';\n');
    await client.query(create);
    await client.query(insert, [MIGRATIONS]);
  });
  await server.process.stop();
  const signal = join(folder, 'cluster', 'standby.signal');
  await writeFile(signal, '');
  const { uid, gid } = await stat(folder);
  await chown(signal, uid, gid);
  server = await startPostgres(processes, options);
}

beforeAll(async () => {
  await startStandby();
  admin = new pg.Client({ connectionString: server.url('postgres') });
  await admin.connect();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: server.url('postgres') }));
}, 120_000);

afterAll(async () => {
  await database?.onApplicationShutdown();
  await admin?.end();
  await processes.stop();
});

it('a standby counts as down, and as up with other connections when it is promoted', async () => {
  const processOf = async (): Promise<number> =>
    (await database.pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
  const before = await processOf();
  // A server that is busy may answer too late at first.
  await eventually(async () => {
    await expect(database.probe()).rejects.toThrow('it is a standby');
    return true;
  });
  await eventually(async () => (await processOf()) !== before);
  const atStandby = await processOf();
  await admin.query('SELECT pg_promote()');
  await eventually(() => database.probe().then(() => true));
  await eventually(async () => (await processOf()) !== atStandby);
});
