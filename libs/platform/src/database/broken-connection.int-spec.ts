import { setImmediate } from 'node:timers/promises';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { Database } from './database.client.js';
import { DatabaseConfig } from './database.config.js';
import { databaseStartCheck } from './database-start-check.js';

const configOf = (values: Partial<DatabaseConfig>): DatabaseConfig => Object.assign(new DatabaseConfig(), values);

let created: TestDatabase;
beforeAll(async () => {
  created = await createTestDatabase();
});
afterAll(() => created.drop());

// An event without a listener would end the process; Jest fails the test for it.
describe('a connection that breaks while it is lent', () => {
  let proxy: TcpProxy;
  let database: Database;

  beforeEach(async () => {
    const url = new URL(created.appUrl);
    proxy = await TcpProxy.to(url.hostname, Number(url.port));
    Object.assign(url, { hostname: '127.0.0.1', port: String(proxy.port) });
    database = new Database(configOf({ DATABASE_URL: url.href }));
  });
  afterEach(async () => {
    await database.onApplicationShutdown();
    await proxy.close();
  });

  it('fails the query of its user alone', async () => {
    const client = await database.pool.connect();
    const query = client.query('SELECT pg_sleep(60)');
    await setImmediate();
    proxy.reset();
    await expect(query).rejects.toThrow();
    client.release(true);
    await expect(database.pool.query('SELECT 1')).resolves.toMatchObject({ rowCount: 1 });
  });

  it('fails the probe that is under way alone', async () => {
    await database.probe();
    proxy.set('half-open');
    const probe = database.probe();
    await setImmediate();
    proxy.mend();
    await expect(probe).rejects.toThrow();
    await expect(database.probe()).resolves.toBeUndefined();
  });
});

describe('the check at the start', () => {
  it('takes the password that is not in the URL', async () => {
    const url = new URL(created.appUrl);
    const PGPASSWORD = decodeURIComponent(url.password);
    url.password = '';
    const check = databaseStartCheck(configOf({ DATABASE_URL: url.href, PGPASSWORD }));
    await expect(check()).resolves.toBeNull();
  });
});
