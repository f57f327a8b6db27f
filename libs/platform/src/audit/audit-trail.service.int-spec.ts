import 'reflect-metadata';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { Clock } from '../clock/clock.port.js';
import { DatabaseConfig } from '../database/database.config.js';
import { Database } from '../database/database.client.js';
import { uuidv7 } from '../ids/uuid.js';
import { RequestContext } from '../request/request-context.js';
import { RetentionTask } from '../retention/retention.task.js';
import { AuditEventStore } from './audit-event.store.js';
import { auditRetention } from '../retention/audit.retention.js';
import { AuditTrail } from './audit-trail.service.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A clock that stands still until it is moved. */
class HandClock extends Clock {
  private time = Date.parse('2026-01-02T03:04:05.678Z');
  override now(): Date {
    return new Date(this.time);
  }
  move(ms: number): void {
    this.time += ms;
  }
}

let testDatabase: TestDatabase;
let database: Database;
let clock: HandClock;
let trail: AuditTrail;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
});
beforeEach(() => {
  clock = new HandClock();
  trail = new AuditTrail(new AuditEventStore(database), clock);
});
afterEach(() => database.pool.query('TRUNCATE audit_event'));
afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** What is stored in the end. */
async function stored(): Promise<{ action: string; userId: string | null; detail: unknown }[]> {
  await trail.beforeApplicationShutdown();
  const select = { action: true, userId: true, detail: true };
  return database.prisma.auditEvent.findMany({ orderBy: { id: 'asc' }, select });
}

const refusal = (userId: string | null, route = '/user/me') =>
  ({ action: 'limit_reached', userId, detail: { route } }) as const;

it('stores a deed before it goes on, with the request’s id and the hash of its address', async () => {
  const [userId, sessionId] = [uuidv7(), uuidv7()];
  await RequestContext.run({ requestId: 'req-1', addressHash: 'ab'.repeat(16) }, () =>
    trail.write({ action: 'login', userId, sessionId }),
  );
  expect(await database.prisma.auditEvent.findMany()).toEqual([
    {
      id: expect.any(String),
      at: clock.now(),
      action: 'login',
      userId,
      sessionId,
      addressHash: new Uint8Array(Buffer.from('ab'.repeat(16), 'hex')),
      requestId: 'req-1',
      detail: {},
    },
  ]);
});

it('stores a deed later that could not be stored at once', async () => {
  const userId = uuidv7();
  await database.pool.query('ALTER TABLE audit_event RENAME TO away');
  await trail.write({ action: 'login', userId });
  await trail.beforeApplicationShutdown();
  await database.pool.query('ALTER TABLE away RENAME TO audit_event');
  expect(await stored()).toMatchObject([{ action: 'login', userId }]);
});

it('stores the first of the same refusals of an hour, for each user and address', async () => {
  const [user, other] = [uuidv7(), uuidv7()];
  for (let time = 0; time < 1_000; time++) trail.recordRefusal(refusal(user));
  trail.recordRefusal(refusal(other));
  trail.recordRefusal(refusal(user, '/search'));
  for (const addressHash of ['aa', 'aa', 'bb'])
    RequestContext.run({ requestId: 'r', addressHash }, () => trail.recordRefusal(refusal(null)));
  expect(await stored()).toHaveLength(5);
  clock.move(HOUR_MS);
  trail.recordRefusal(refusal(user));
  expect(await stored()).toHaveLength(6);
});

it('stores no more than 500 refusals an hour, whoever is refused', async () => {
  for (let time = 0; time < 3_000; time++) trail.recordRefusal(refusal(uuidv7()));
  expect(await stored()).toHaveLength(500);
});

it('is kept for as many days as are configured', async () => {
  const userId = uuidv7();
  await trail.write({ action: 'login', userId });
  const retention = new RetentionTask([auditRetention({ AUDIT_DAYS: 30 })], database, clock);
  clock.move(30 * DAY_MS);
  await retention.run();
  expect(await stored()).toHaveLength(1);
  clock.move(1);
  await retention.run();
  expect(await stored()).toEqual([]);
});

it('shows a user all events of their own, oldest first', async () => {
  const userId = uuidv7();
  for (const action of ['login', 'logout', 'login'] as const) await trail.write({ action, userId });
  await trail.write({ action: 'login', userId: uuidv7() });
  const actions: string[] = [];
  for await (const { action } of trail.eventsOf(userId)) actions.push(action);
  expect(actions).toEqual(['login', 'logout', 'login']);
});
