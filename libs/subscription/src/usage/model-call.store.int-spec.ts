import 'reflect-metadata';
import { Database, prepared } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import pg from 'pg';
import { eventually } from '../../../../test/support/eventually.js';
import { insertMessages, insertUser } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { CatalogueConfig } from '../catalogue/catalogue.config.js';
import { loadPlanCatalogue } from '../catalogue/load-plan-catalogue.js';
import { type BeginningCall, ModelCallStore } from './model-call.store.js';
import { recordUsageSql } from './record-usage.js';

let testDatabase: TestDatabase;
let database: Database;
let store: ModelCallStore;
let userId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database({
    DATABASE_URL: testDatabase.url,
    DATABASE_POOL_SIZE: 10,
    DATABASE_PREPARED_STATEMENTS: 'on',
  });
  store = new ModelCallStore(database, new SystemClock(), loadPlanCatalogue(new CatalogueConfig()));
}, 60_000);
afterAll(async () => {
  await database?.onApplicationShutdown();
  await testDatabase?.drop();
});
beforeEach(async () => {
  await database.pool.query('DELETE FROM "user"');
  await database.pool.query('TRUNCATE erased_model_usage, model_call');
  userId = await insertUser(database);
});

const today = new Date().toISOString().slice(0, 10);
const MODEL = 'gemini-flash-latest';
const USED = { promptTokens: 100, cachedTokens: 10, thoughtTokens: 20, replyTokens: 30, searches: 4 };
const NOT_LONG = 60_000;

async function begin(more: Partial<BeginningCall> = {}): Promise<string> {
  const id = await store.begin({ userId, model: MODEL, purpose: 'title', promptTokens: 70, ...more });
  if (id === null) throw new Error('The call was not begun');
  return id;
}

/** As if all calls under way had begun long ago, and their workers had died. */
const ageCalls = () => database.pool.query(`UPDATE model_call SET started_at = now() - interval '1 hour'`);

/** The rows of a ledger, in short. */
async function ledger(table = 'model_usage'): Promise<unknown[][]> {
  const { rows } = await database.pool.query({
    text: `
      SELECT model, purpose, calls, estimated_calls, prompt_tokens::int, cached_tokens::int, thought_tokens::int,
             reply_tokens::int, searches::int
      FROM ${table} ORDER BY model, purpose`,
    rowMode: 'array',
  });
  return rows as unknown[][];
}

const callsUnderWay = () => database.prisma.modelCall.count();

describe('a call that no row of a reply stands for', () => {
  it('is recorded with what it used, under the day on which it began', async () => {
    const recorded = await store.settle(await begin(), USED);
    expect(recorded).toEqual({ model: MODEL, purpose: 'title', plan: 'basic', estimated: false, ...USED });
    expect(await ledger()).toEqual([[MODEL, 'title', 1, 0, 100, 10, 20, 30, 4]]);
    expect(await callsUnderWay()).toBe(0);
    const { day } = await database.prisma.modelUsage.findFirstOrThrow();
    expect(day.toISOString().slice(0, 10)).toBe(today);
  });

  it('adds up with others of the day, model and purpose', async () => {
    for (let i = 0; i < 3; i++) await store.settle(await begin(), USED);
    await store.settle(await begin({ model: 'another' }), USED);
    expect(await ledger()).toEqual([
      ['another', 'title', 1, 0, 100, 10, 20, 30, 4],
      [MODEL, 'title', 3, 0, 300, 30, 60, 90, 12],
    ]);
  });

  it('counts as an estimate of its prompt when its use is not known', async () => {
    const recorded = await store.settle(await begin(), null);
    expect(recorded).toMatchObject({ estimated: true, promptTokens: 70, replyTokens: 0 });
    expect(await ledger()).toEqual([[MODEL, 'title', 1, 1, 70, 0, 0, 0, 0]]);
  });

  it('is recorded once, however often it is settled', async () => {
    const call = await begin();
    const settled = await Promise.all(Array.from({ length: 10 }, () => store.settle(call, USED)));
    expect(settled.filter((each) => each !== null)).toHaveLength(1);
    expect(await ledger()).toEqual([[MODEL, 'title', 1, 0, 100, 10, 20, 30, 4]]);
  });

  it('counts among those of no account when it was made to find out whether a model can be reached', async () => {
    const settled = await store.beginProbe(MODEL, 3);
    await store.beginProbe(MODEL, 3); // Its worker dies.
    await ageCalls();
    await store.settle(settled, USED);
    expect(await store.settleStale(NOT_LONG)).toMatchObject([{ purpose: 'probe', estimated: true, promptTokens: 3 }]);
    expect(await ledger('erased_model_usage')).toEqual([[MODEL, 'probe', 2, 1, 103, 10, 20, 30, 4]]);
    expect([await ledger(), await callsUnderWay()]).toEqual([[], 0]);
  });

  it('names the plan of its user', async () => {
    const call = await begin();
    await database.prisma.subscription.create({ data: { userId, status: 'active', plan: 'pro' } });
    expect(await store.settle(call, USED)).toMatchObject({ plan: 'pro' });
  });

  it('counts once, as an estimate, when its worker dies before it is settled', async () => {
    await begin();
    await ageCalls();
    expect(await store.settleStale(NOT_LONG)).toMatchObject([{ estimated: true, promptTokens: 70, plan: 'basic' }]);
    expect(await store.settleStale(NOT_LONG)).toEqual([]);
    expect(await ledger()).toEqual([[MODEL, 'title', 1, 1, 70, 0, 0, 0, 0]]);
  });

  it('is left alone while its worker may live', async () => {
    await begin();
    expect(await store.settleStale(NOT_LONG)).toEqual([]);
    expect(await callsUnderWay()).toBe(1);
  });

  it('does not count again when its worker lives on and settles it', async () => {
    const call = await begin();
    await ageCalls();
    await store.settleStale(NOT_LONG);
    expect(await store.settle(call, USED)).toBeNull();
    expect(await ledger()).toEqual([[MODEL, 'title', 1, 1, 70, 0, 0, 0, 0]]);
  });

  it('counts once when workers settle and sweep it at the same time', async () => {
    const calls = await Promise.all(Array.from({ length: 50 }, () => begin()));
    await ageCalls();
    const sweeps = Array.from({ length: 4 }, () => store.settleStale(NOT_LONG));
    await Promise.all([...sweeps, ...calls.map((call) => store.settle(call, USED))]);
    const [[, , count, estimated, promptTokens] = []] = await ledger();
    expect(count).toBe(50);
    expect(promptTokens).toBe((estimated as number) * 70 + (50 - (estimated as number)) * 100);
  });
});

// What the statements that end replies embed.
const RECORD = prepared(
  'test_record_usage',
  `
    WITH calls AS (
      SELECT id AS user_id, $2::date AS day, '${MODEL}' AS model, 'reply' AS purpose, 1 AS calls, 0 AS estimated_calls,
             5 AS prompt_tokens, 1 AS cached_tokens, 2 AS thought_tokens, 3 AS reply_tokens, 1 AS searches
      FROM unnest($1::uuid[]) AS id
    ), ${recordUsageSql('calls')} SELECT`,
);
const record = (...users: string[]) => database.run(RECORD, [users, today]);

describe('a statement that records usage', () => {
  it('records nothing of no calls', async () => {
    await record();
    expect([await ledger(), await ledger('erased_model_usage')]).toEqual([[], []]);
  });

  it('adds up calls of the same key', async () => {
    await record(userId, userId, userId);
    expect(await ledger()).toEqual([[MODEL, 'reply', 3, 0, 15, 3, 6, 9, 3]]);
  });

  it('counts a call of an account that no longer exists among those of deleted accounts', async () => {
    await record(userId, '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20');
    expect(await ledger()).toEqual([[MODEL, 'reply', 1, 0, 5, 1, 2, 3, 1]]);
    expect(await ledger('erased_model_usage')).toEqual([[MODEL, 'reply', 1, 0, 5, 1, 2, 3, 1]]);
  });

  it('neither waits nor fails while the account is being deleted', async () => {
    await record(userId);
    const deletion = new pg.Client({ connectionString: testDatabase.url });
    await deletion.connect();
    try {
      await deletion.query('BEGIN');
      await deletion.query('SELECT FROM "user" WHERE id = $1 FOR UPDATE', [userId]);
      await record(userId);
      await deletion.query('DELETE FROM "user" WHERE id = $1', [userId]);
      await deletion.query('COMMIT');
    } finally {
      await deletion.end();
    }
    expect(await ledger()).toEqual([]);
    expect(await ledger('erased_model_usage')).toEqual([[MODEL, 'reply', 2, 0, 10, 2, 4, 6, 2]]);
  });

  it('adds up exactly, for many users at once and in any order', async () => {
    const users = [userId, await insertUser(database), await insertUser(database)];
    const rounds = Array.from({ length: 60 }, (_, i) => record(...(i % 2 === 0 ? users : [...users].reverse())));
    await Promise.all(rounds);
    expect(await ledger()).toEqual(users.map(() => [MODEL, 'reply', 60, 0, 300, 60, 120, 180, 60]));
  });
});

describe('the deletion of an account', () => {
  const erase = (id: string) => database.pool.query('DELETE FROM "user" WHERE id = $1', [id]);

  it('moves what it used to that of deleted accounts, and calls under way as estimates', async () => {
    const other = await insertUser(database);
    for (const user of [userId, other]) await record(user);
    await begin({ purpose: 'reply' });
    await begin();
    await erase(userId);
    await erase(userId);
    await erase(other);
    expect(await ledger('erased_model_usage')).toEqual([
      [MODEL, 'reply', 3, 1, 80, 2, 4, 6, 2],
      [MODEL, 'title', 1, 1, 70, 0, 0, 0, 0],
    ]);
    expect([await ledger(), await callsUnderWay()]).toEqual([[], 0]);
  });

  it('and a statement that ends a reply never wait for each other', async () => {
    await record(userId);
    const room = crypto.randomUUID();
    await database.prisma.chatroom.create({ data: { id: room, userId } });
    await insertMessages(database, room, [{ role: 'bot', status: 'generating' }]);
    const finish = new pg.Client({ connectionString: testDatabase.url });
    await finish.connect();
    try {
      await finish.query('BEGIN');
      await finish.query(`UPDATE message SET content = 'The end' WHERE chatroom_id = $1`, [room]);
      const erased = erase(userId);
      // Not in the transaction, in which what is seen of others would not change.
      await eventually(async () => {
        const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return ((await database.pool.query(waiting)).rowCount ?? 0) > 0;
      });
      await finish.query(RECORD.text, [[userId], today]);
      await finish.query('COMMIT');
      await erased;
    } finally {
      await finish.end();
    }
    expect(await ledger('erased_model_usage')).toEqual([[MODEL, 'reply', 2, 0, 10, 2, 4, 6, 2]]);
  });

  it('lets no call begin afterwards', async () => {
    await erase(userId);
    expect(await store.begin({ userId, model: MODEL, purpose: 'title', promptTokens: 1 })).toBeNull();
  });

  it('loses and doubles nothing that is recorded at the same time', async () => {
    const users = [userId, ...(await Promise.all(Array.from({ length: 9 }, () => insertUser(database))))];
    const work: Promise<unknown>[] = [];
    for (const user of users) {
      const calls = await Promise.all(Array.from({ length: 5 }, () => begin({ userId: user })));
      work.push(...calls.map((call) => store.settle(call, USED)));
      work.push(...Array.from({ length: 5 }, () => record(user)), erase(user));
      work.push(...Array.from({ length: 5 }, () => record(user)));
    }
    await Promise.all(work);
    expect(await callsUnderWay()).toBe(0);
    const counted = (await ledger('erased_model_usage')).map(([, purpose, calls]) => [purpose, calls]);
    expect(counted).toEqual([
      ['reply', 100],
      ['title', 50],
    ]);
  });
});
