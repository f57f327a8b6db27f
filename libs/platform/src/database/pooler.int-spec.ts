import { Logger } from '@nestjs/common';
import { availablePoolers, type Pooler } from '../../../../test/support/deployments/pooler.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { Database } from './database.client.js';
import { DatabaseConfig } from './database.config.js';
import { prepared } from './prepared-statement.js';

const SETTINGS = prepared<{ zone: string; statement: string; idle: string }>(
  'test_settings',
  `SELECT current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS statement,
     current_setting('idle_in_transaction_session_timeout') AS idle, pg_sleep($1)`,
);
const ADDITIONS = Array.from({ length: 12 }, (_, index) =>
  prepared<{ sum: number }>(`test_addition_${index}`, `SELECT $1::int + ${index} AS sum, pg_sleep(0.002)`),
);

const addition = (index: number) => ADDITIONS[index % ADDITIONS.length] as (typeof ADDITIONS)[number];

const databases: Database[] = [];
function connect(url: string, preparedStatements: 'on' | 'off', poolSize = 10): Database {
  const config = Object.assign(new DatabaseConfig(), {
    DATABASE_URL: url,
    DATABASE_POOL_SIZE: poolSize,
    DATABASE_PREPARED_STATEMENTS: preparedStatements,
  });
  databases.push(new Database(config));
  return databases.at(-1) as Database;
}

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase.drop());
afterEach(async () => {
  await Promise.all(databases.splice(0).map((database) => database.onApplicationShutdown()));
});

const manySettings = (database: Database) =>
  Promise.all(Array.from({ length: 30 }, () => database.run(SETTINGS, [0.01])));

it('has every connection in UTC and with bounds, from its first statement on', async () => {
  const [first, ...others] = await manySettings(connect(testDatabase.url, 'on'));
  expect(first).toMatchObject([{ zone: 'UTC', statement: '10s', idle: '15s' }]);
  expect(others.filter((other) => JSON.stringify(other) !== JSON.stringify(first))).toEqual([]);
});

const poolers = await availablePoolers();
describe.each(poolers)('through $name', ({ preparedStatements, start }) => {
  let pooler: Pooler;
  beforeAll(async () => {
    // Fewer connections to the server than clients have, so that each of these is served by all of those.
    pooler = await start({ default_pool_size: 3 });
  });
  afterAll(() => pooler.stop());

  it('runs statements of several processes at once, each of them on whichever connection is free', async () => {
    const processes = [0, 1, 2].map(() => connect(pooler.url(testDatabase.url), preparedStatements));
    const answers = processes.flatMap((database) =>
      Array.from({ length: 100 }, async (_, index) => {
        const [row] = await database.run(addition(index), [index]);
        return (row?.sum ?? NaN) - (index % ADDITIONS.length) - index;
      }),
    );
    expect(new Set(await Promise.all(answers))).toEqual(new Set([0]));
  });

  it('is in UTC and bounded on every connection', async () => {
    const database = connect(pooler.url(testDatabase.url), preparedStatements);
    const zones = (await manySettings(database)).flat().map(({ zone }) => zone);
    expect(new Set(zones)).toEqual(new Set(['UTC']));
  });

  it('runs interactive transactions, each on one connection', async () => {
    const { prisma } = connect(pooler.url(testDatabase.url), preparedStatements);
    const transactions = Array.from({ length: 9 }, () =>
      prisma.$transaction(async (transaction) => {
        const backend = () =>
          transaction.$queryRawUnsafe<{ pid: number }[]>('SELECT pg_backend_pid() AS pid, pg_sleep(0.01)::text');
        return [await backend(), await backend()].flat().map(({ pid }) => pid);
      }),
    );
    const pids = await Promise.all(transactions);
    expect(pids.filter(([first, second]) => first !== second)).toEqual([]);
    expect(new Set(pids.flat()).size).toBeLessThanOrEqual(3);
  });
});

describe.each(poolers.filter(({ preparedStatements }) => preparedStatements === 'off'))(
  'through $name, not told of it',
  ({ start }) => {
    let pooler: Pooler;
    beforeAll(async () => {
      pooler = await start({ default_pool_size: 3 });
    });
    afterAll(() => pooler.stop());

    it('says what to do', async () => {
      const errors: string[] = [];
      Logger.overrideLogger({
        log: () => undefined,
        warn: () => undefined,
        error: (line: string) => errors.push(line),
      });
      const database = connect(pooler.url(testDatabase.url), 'on');
      const outcomes = await Promise.allSettled(
        Array.from({ length: 60 }, (_, index) => database.run(addition(index), [index])),
      );
      expect(outcomes.map(({ status }) => status)).toContain('rejected');
      expect(errors).toEqual([expect.stringContaining('DATABASE_PREPARED_STATEMENTS=off')]);
    });
  },
);
