import 'reflect-metadata';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { Clock } from '../clock/clock.port.js';
import { DatabaseConfig } from '../database/database.config.js';
import { Database } from '../database/database.client.js';
import { BATCH_SIZE, expiringRows } from './expiring-rows.js';
import { RetentionTask } from './retention.task.js';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const KEEP_MS = 60_000;
const MAX_BATCHES = 20;

/** A clock that stands still. */
class StandingClock extends Clock {
  override now(): Date {
    return NOW;
  }
}

const table = (name: string, only?: string) =>
  expiringRows({
    what: `rows of ${name}`,
    table: name,
    column: 'moment',
    keep: { ms: KEEP_MS },
    ...(only ? { only } : {}),
  });

const ROWS = table('expiring');
const FINISHED_ROWS = table('expiring_if_finished', 'finished');
const BROKEN_ROWS = table('missing_table');

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  for (const name of ['expiring', 'expiring_if_finished']) {
    await database.pool.query(`CREATE TABLE ${name} (moment timestamptz NOT NULL, finished boolean, label text)`);
    await database.pool.query(`CREATE INDEX ON ${name} (moment)`);
  }
});

afterEach(() => database.pool.query('TRUNCATE expiring, expiring_if_finished'));

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

const task = (...rows: (typeof ROWS)[]) => new RetentionTask(rows, database, new StandingClock());

/** Inserts a row whose time to be kept ended so many milliseconds ago. */
const insert = (label: string, expiredMs: number, { name = 'expiring', finished = true } = {}) =>
  database.pool.query(`INSERT INTO ${name} VALUES ($1, $2, $3)`, [
    new Date(NOW.getTime() - KEEP_MS - expiredMs),
    finished,
    label,
  ]);

/** Inserts expired rows, labelled 1 to `count` from the oldest to the newest. */
const insertMany = (count: number) =>
  database.pool.query(
    `INSERT INTO expiring SELECT $1::timestamptz - (($2 - n) * interval '1 ms'), true, n::text FROM generate_series(1, $2::int) n`,
    [new Date(NOW.getTime() - 2 * KEEP_MS), count],
  );

async function labels(name = 'expiring'): Promise<string[]> {
  const { rows } = await database.pool.query<{ label: string }>(`SELECT label FROM ${name} ORDER BY moment, label`);
  return rows.map(({ label }) => label);
}

describe('a round', () => {
  it('deletes rows whose time has passed, and no others', async () => {
    await insert('long expired', 1_000_000);
    await insert('just expired', 1);
    await insert('expires now', 0);
    await insert('has time left', -1);
    await task(ROWS).run();
    expect(await labels()).toEqual(['expires now', 'has time left']);
  });

  it('deletes of expired rows only those that meet the condition', async () => {
    const name = 'expiring_if_finished';
    await insert('finished', 1, { name, finished: true });
    await insert('unfinished', 1, { name, finished: false });
    await insert('finished, has time left', -1, { name, finished: true });
    await task(FINISHED_ROWS).run();
    expect(await labels(name)).toEqual(['unfinished', 'finished, has time left']);
  });

  it('deletes in batches, the oldest first', async () => {
    await insertMany(BATCH_SIZE + 2);
    await database.run(ROWS.statement, [NOW]);
    expect(await labels()).toEqual([`${BATCH_SIZE + 1}`, `${BATCH_SIZE + 2}`]);
  });

  it('has a bound, and the next one deletes what is left', async () => {
    const bound = MAX_BATCHES * BATCH_SIZE;
    await insertMany(bound + 2);
    await task(ROWS).run();
    expect(await labels()).toEqual([`${bound + 1}`, `${bound + 2}`]);
    await task(ROWS).run();
    expect(await labels()).toEqual([]);
  });

  it('deletes the other kinds of rows when one kind fails, and then says which', async () => {
    const name = 'expiring_if_finished';
    await insert('before', 1);
    await insert('behind', 1, { name });
    const round = task(ROWS, BROKEN_ROWS, FINISHED_ROWS).run();
    await expect(round).rejects.toThrow(/^rows of missing_table: .*does not exist$/);
    expect([await labels(), await labels(name)]).toEqual([[], []]);
  });
});

describe('two workers', () => {
  it('do not wait for each other: what one is deleting, the other skips', async () => {
    await insertMany(BATCH_SIZE + 2);
    const other = new pg.Client({ connectionString: testDatabase.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      // The first batch, as the other worker's statement takes it.
      await other.query({ text: ROWS.statement.text, values: [NOW] });
      await task(ROWS).run();
      await other.query('ROLLBACK');
      const left = await labels();
      expect([left.length, left.at(0), left.at(-1)]).toEqual([BATCH_SIZE, '1', `${BATCH_SIZE}`]);
    } finally {
      await other.end();
    }
  });

  it('delete everything together', async () => {
    await insertMany(15 * BATCH_SIZE);
    await Promise.all([task(ROWS).run(), task(ROWS).run()]);
    await task(ROWS).run();
    expect(await labels()).toEqual([]);
  });
});
