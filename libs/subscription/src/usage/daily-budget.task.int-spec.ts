import 'reflect-metadata';
import { Clock, Database, Metrics } from '@app/platform';
import { Logger } from '@nestjs/common';
import { insertUser } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { CatalogueConfig } from '../catalogue/catalogue.config.js';
import { loadPlanCatalogue } from '../catalogue/load-plan-catalogue.js';
import { CapacityService } from '../quota/capacity.service.js';
import { DailyBudgetStore } from './daily-budget.store.js';
import { DailyBudgetTask, pauseAfter } from './daily-budget.task.js';

class SetClock extends Clock {
  instant = new Date('2026-11-23T23:59:59.900Z');
  override now(): Date {
    return this.instant;
  }
}

let testDatabase: TestDatabase;
let database: Database;
let clock: SetClock;
let capacity: CapacityService;
let metrics: Metrics;
const warnings: string[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database({
    DATABASE_URL: testDatabase.url,
    DATABASE_POOL_SIZE: 10,
    DATABASE_PREPARED_STATEMENTS: 'on',
  });
}, 60_000);
afterAll(async () => {
  await database?.onApplicationShutdown();
  await testDatabase?.drop();
});
beforeEach(async () => {
  await database.pool.query('DELETE FROM "user"');
  await database.pool.query('TRUNCATE erased_model_usage');
  clock = new SetClock();
  capacity = new CapacityService();
  metrics = new Metrics();
  warnings.length = 0;
  Logger.overrideLogger({ log: () => undefined, error: () => undefined, warn: (line: string) => warnings.push(line) });
});
afterEach(() => Logger.overrideLogger(false));

/** By the shipped prices a million tokens of an answer cost 2.5 dollars, and a hundred searches 1.4. */
const MODEL = 'gemini-flash-latest';

function budget(usd?: number): DailyBudgetTask {
  const store = new DailyBudgetStore(database, loadPlanCatalogue(new CatalogueConfig()));
  return new DailyBudgetTask(store, capacity, clock, usd === undefined ? {} : { DAILY_BUDGET_USD: usd }, metrics);
}

async function use(replyTokens: number, day = '2026-11-23', model = MODEL): Promise<string> {
  const userId = await insertUser(database);
  const data = { userId, day: new Date(day), model, purpose: 'reply', calls: 1, replyTokens };
  await database.prisma.modelUsage.create({ data });
  return userId;
}

const ratio = async (): Promise<number | undefined> =>
  (await metrics.getSingleMetric('deployment_budget_used_ratio')?.get())?.values[0]?.value;

describe('the daily budget of the deployment', () => {
  it('is not there unless it is set', async () => {
    await use(100_000_000);
    await budget().read();
    expect(capacity.isReached(clock.now())).toBe(false);
    expect(await ratio()).toBeUndefined();
  });

  it('is a part of what all users of the day have cost, also those whose accounts were deleted', async () => {
    await use(1_000_000);
    await use(1_000_000, '2026-11-22');
    await use(1_000_000, '2026-11-23', 'a-model-without-a-price');
    await database.prisma.user.delete({ where: { id: await use(1_000_000) } });
    await budget(10).read();
    expect(await ratio()).toBe(0.5);
    expect(capacity.isReached(clock.now())).toBe(false);
    expect(warnings).toEqual([]);
  });

  it('counts searches of the web', async () => {
    const search = { searches: 100, calls: 1, day: new Date('2026-11-23'), model: MODEL, purpose: 'reply' };
    await database.prisma.modelUsage.create({ data: { ...search, userId: await insertUser(database) } });
    await database.prisma.erasedModelUsage.create({ data: search });
    await budget(5.6).read();
    expect(await ratio()).toBe(0.5);
  });

  it('warns once when it is nearly spent', async () => {
    await use(800_000);
    const task = budget(2.5);
    await task.read();
    await task.read();
    expect(capacity.isReached(clock.now())).toBe(false);
    expect(warnings).toEqual(['More than 80 % of the daily budget is spent']);
  });

  it('closes the default plan when it is spent, until the UTC day is over', async () => {
    await use(1_000_000);
    const task = budget(2.5);
    await task.read();
    await task.read();
    expect(capacity.isReached(clock.now())).toBe(true);
    expect(warnings).toEqual(['The daily budget is spent: the default plan is closed until midnight in UTC']);
    // Not only when the ledger is read the next time.
    clock.instant = new Date('2026-11-24T00:00:00.000Z');
    expect(capacity.isReached(clock.now())).toBe(false);
    await task.read();
    expect(await ratio()).toBe(0);
  });

  it('holds on while the ledger cannot be read', async () => {
    await use(1_000_000);
    const task = budget(2.5);
    await task.read();
    await database.pool.query('ALTER TABLE model_usage RENAME TO away');
    await expect(task.read()).rejects.toThrow();
    await database.pool.query('ALTER TABLE away RENAME TO model_usage');
    expect(capacity.isReached(clock.now())).toBe(true);
  });
});

describe('the pause between two readings', () => {
  it.each([
    ['a second while they are quick', [3, 5], 1_000],
    ['as long as makes them a fiftieth of the time', [100, 120], 4_900],
    ['a second after a single slow one', [5, 800], 1_000],
    ['a minute at most', [9_000, 9_000], 60_000],
  ] satisfies [string, [number, number], number][])('is %s', (_, readings, pause) => {
    expect(pauseAfter(readings)).toBe(pause);
  });
});
