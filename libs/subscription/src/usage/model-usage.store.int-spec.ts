import 'reflect-metadata';
import { Database, jsonText } from '@app/platform';
import { insertUser } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { ModelUsageStore, type ModelUsageRow, type UsageKey } from './model-usage.store.js';

let testDatabase: TestDatabase;
let database: Database;
let store: ModelUsageStore;
let userId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database({
    DATABASE_URL: testDatabase.url,
    DATABASE_POOL_SIZE: 10,
    DATABASE_PREPARED_STATEMENTS: 'on',
  });
  store = new ModelUsageStore(database);
}, 60_000);
afterAll(async () => {
  await database?.onApplicationShutdown();
  await testDatabase?.drop();
});

const LIST: [day: string, model: string, purpose: string][] = [
  ['2026-11-23', 'model-a', 'reply'],
  ['2026-11-23', 'model-a', 'title'],
  ['2026-11-23', 'model-b', 'reply'],
  ['2026-11-22', 'model-a', 'reply'],
  ['2026-11-22', 'model-b', 'title'],
  ['2026-11-01', 'model-a', 'title'],
];

async function insert(user: string, list = LIST): Promise<void> {
  const numbers = {
    calls: 2,
    estimatedCalls: 1,
    promptTokens: 5_000_000_000n,
    cachedTokens: 3n,
    thoughtTokens: 4n,
    searches: 2n,
  };
  await database.prisma.modelUsage.createMany({
    data: list.map(([day, model, purpose]) => ({ userId: user, day: new Date(day), model, purpose, ...numbers })),
  });
}

beforeEach(async () => {
  userId = await insertUser(database);
  await insert(userId, [...LIST].reverse());
  await insert(await insertUser(database));
});

const keys = (rows: ModelUsageRow[]) => rows.map(({ day, model, purpose }) => [day, model, purpose]);

it('the list is the user’s own, newest day first, then by model and purpose', async () => {
  expect(keys(await store.page(userId, '2026-11-01', '2026-11-23', 50, null))).toEqual(LIST);
});

it('the list holds the first and the last day, and none beside', async () => {
  expect(keys(await store.page(userId, '2026-11-02', '2026-11-22', 50, null))).toEqual(LIST.slice(3, 5));
});

it.each([1, 2, 4])('pages of %d add up to the list', async (size) => {
  const found: ModelUsageRow[] = [];
  let after: UsageKey | null = null;
  for (;;) {
    const page: ModelUsageRow[] = await store.page(userId, '2026-11-01', '2026-11-23', size, after);
    if (page.length === 0) break;
    found.push(...page);
    after = page.at(-1) ?? null;
  }
  expect(keys(found)).toEqual(LIST);
});

it('numbers are numbers, also those beyond 32 bits', async () => {
  const [row] = await store.page(userId, '2026-11-23', '2026-11-23', 1, null);
  expect(row).toEqual({
    ...{ day: '2026-11-23', model: 'model-a', purpose: 'reply', calls: 2, estimatedCalls: 1 },
    ...{ promptTokens: 5_000_000_000, cachedTokens: 3, thoughtTokens: 4, replyTokens: 0, searches: 2 },
  });
});

it('the export has every row and the calls under way, ready for JSON', async () => {
  await database.prisma.modelCall.create({
    data: { id: crypto.randomUUID(), userId, model: 'model-a', purpose: 'title', promptTokens: 7 },
  });
  let text = '';
  for await (const piece of jsonText(await store.export(userId))) text += piece;
  const exported = JSON.parse(text) as {
    modelUsage: ModelUsageRow[];
    modelCallsUnderWay: object[];
  };
  expect(exported.modelUsage).toHaveLength(LIST.length);
  expect(exported.modelUsage[0]).toMatchObject({ day: '2026-11-01', model: 'model-a', promptTokens: 5_000_000_000 });
  expect(exported.modelCallsUnderWay).toEqual([
    { model: 'model-a', purpose: 'title', promptTokens: 7, startedAt: expect.any(String) },
  ]);
});
