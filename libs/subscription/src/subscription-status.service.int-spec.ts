import 'reflect-metadata';
import { Database } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { insertUser } from '../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/services.js';
import { CatalogueConfig } from './catalogue/catalogue.config.js';
import { loadPlanCatalogue } from './catalogue/load-plan-catalogue.js';
import { SubscriptionStatusService } from './subscription-status.service.js';

let testDatabase: TestDatabase;
let database: Database;
let service: SubscriptionStatusService;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database({
    DATABASE_URL: testDatabase.url,
    DATABASE_POOL_SIZE: 10,
    DATABASE_PREPARED_STATEMENTS: 'on',
  });
  service = new SubscriptionStatusService(database, loadPlanCatalogue(new CatalogueConfig()), new SystemClock());
}, 60_000);
afterAll(async () => {
  await database?.onApplicationShutdown();
  await testDatabase?.drop();
});

it('the status of someone who never subscribed is none', async () => {
  expect(await service.read(await insertUser(database))).toMatchObject({
    plan: 'basic',
    status: 'none',
    currentPeriodEnd: null,
    cancelAtPeriodEnd: false,
    quota: { limit: 5, used: 0, remaining: 5 },
  });
});

it('plan and status are of one moment, while they are synchronised', async () => {
  const userId = await insertUser(database);
  const states = [
    { plan: 'pro', status: 'active' },
    { plan: 'basic', status: 'canceled' },
  ];
  await database.prisma.subscription.create({ data: { userId, ...states[1] } });
  let isOver = false;
  const synchronise = async (): Promise<void> => {
    for (let turn = 0; !isOver; turn++) {
      await database.prisma.subscription.update({ where: { userId }, data: states[turn % 2]! });
    }
  };
  const synchronising = synchronise();
  const seen = new Set<string>();
  for (let round = 0; round < 100; round++) {
    const answers = await Promise.all(Array.from({ length: 5 }, () => service.read(userId)));
    for (const { plan, status } of answers) seen.add(`${plan} ${status}`);
  }
  isOver = true;
  await synchronising;
  expect([...seen].sort()).toEqual(['basic canceled', 'pro active']);
});
