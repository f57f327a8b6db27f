import 'reflect-metadata';
import { type MessageAcceptanceStore, readIdempotencyKey } from '@app/chatroom/testing';
import { Clock, Database, DatabaseConfig, Metrics, uuidv7 } from '@app/platform';
import {
  type CapacityService,
  DailyQuotaGuard,
  ExhaustedQuotaCache,
  type QuotaLedgerStore,
  QuotaMetrics,
} from '@app/subscription';
import type { ExecutionContext } from '@nestjs/common';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { insertMessages, insertUser } from '../support/rows.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

class SetClock extends Clock {
  instant = new Date('2026-11-23T23:00:00.000Z');
  override now(): Date {
    return this.instant;
  }
}

const DAY = '2026-11-23';
const REFUSAL = { code: 'capacity_reached', category: 'unavailable', headers: { 'Retry-After': '3600' } };

let testDatabase: TestDatabase;
let database: Database;
let clock: SetClock;
let acceptance: MessageAcceptanceStore;
let ledger: QuotaLedgerStore;
let capacity: CapacityService;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});
beforeEach(() => {
  clock = new SetClock();
  ({ acceptance, ledger, capacity } = messageAcceptance(database, clock, 2));
});

async function userWithRoom(plan = 'basic'): Promise<{ user: string; room: string }> {
  const user = await insertUser(database);
  if (plan !== 'basic') await database.prisma.subscription.create({ data: { userId: user, status: 'active', plan } });
  const room = uuidv7();
  await database.prisma.chatroom.create({ data: { id: room, userId: user } });
  return { user, room };
}

/** A room with an answered question. */
async function answered(plan?: string): Promise<{ user: string; room: string; reply: string }> {
  const { user, room } = await userWithRoom(plan);
  const [question, reply] = await insertMessages(database, room, [{}, { role: 'bot' }]);
  await database.prisma.message.update({ where: { id: reply! }, data: { replyTo: question! } });
  return { user, room, reply: reply! };
}

const usedBy = async (user: string): Promise<number> => (await ledger.read(user)).used;

describe('over the budget of the day', () => {
  beforeEach(() => capacity.set(DAY, true));

  it('a message of the default plan is refused, and costs and stores nothing', async () => {
    const { user, room } = await userWithRoom();
    await expect(acceptance.send(user, room, 'Hi', null)).rejects.toMatchObject(REFUSAL);
    expect(await usedBy(user)).toBe(0);
    expect(await database.prisma.message.count({ where: { chatroomId: room } })).toBe(0);
  });

  it('a regeneration of the default plan is refused, too', async () => {
    const { user, room, reply } = await answered();
    await expect(acceptance.regenerate(user, room, reply, null)).rejects.toMatchObject(REFUSAL);
    expect(await usedBy(user)).toBe(0);
  });

  it('a paid plan goes on', async () => {
    const { user, room, reply } = await answered('pro');
    await expect(acceptance.regenerate(user, room, reply, null)).resolves.toMatchObject({
      quota: { plan: 'pro', used: 1 },
    });
    const other = await userWithRoom('pro');
    await expect(acceptance.send(other.user, other.room, 'Hi', null)).resolves.toMatchObject({ replayed: false });
  });

  it('a plan that was paid for until a moment ago is the default plan', async () => {
    const { user, room } = await userWithRoom('pro');
    await database.prisma.subscription.update({ where: { userId: user }, data: { planExpiresAt: clock.now() } });
    await expect(acceptance.send(user, room, 'Hi', null)).rejects.toMatchObject(REFUSAL);
  });

  it('a repeated request gets its first answer', async () => {
    capacity.set(DAY, false);
    const { user, room } = await userWithRoom();
    const key = readIdempotencyKey('"once"', [room, 'Hi']);
    const first = await acceptance.send(user, room, 'Hi', key);
    capacity.set(DAY, true);
    expect(await acceptance.send(user, room, 'Hi', key)).toMatchObject({ replayed: true, reply: first.reply });
    const other = readIdempotencyKey('"twice"', [room, 'Hi']);
    await expect(acceptance.send(user, room, 'Hi', other)).rejects.toMatchObject(REFUSAL);
  });

  it('one who has spent the day is told of the capacity, by the statement as by the guard', async () => {
    capacity.set(DAY, false);
    const { user, room } = await userWithRoom();
    for (let sent = 0; sent < 2; sent++) await acceptance.send(user, room, 'Hi', null);
    await expect(acceptance.send(user, room, 'Hi', null)).rejects.toMatchObject({ code: 'daily_quota_exceeded' });
    capacity.set(DAY, true);
    await expect(acceptance.send(user, room, 'Hi', null)).rejects.toMatchObject(REFUSAL);

    const exhausted = new ExhaustedQuotaCache();
    exhausted.add(user, DAY);
    const request = { user: { userId: user }, headers: {} };
    const context = { switchToHttp: () => ({ getRequest: () => request }) } as unknown as ExecutionContext;
    const metrics = new QuotaMetrics(new Metrics());
    const guard = new DailyQuotaGuard(ledger, exhausted, capacity, clock, metrics);
    await expect(guard.canActivate(context)).rejects.toMatchObject(REFUSAL);
  });

  it('a room of another user is not found, as ever', async () => {
    const { room } = await userWithRoom();
    const { user } = await userWithRoom();
    await expect(acceptance.send(user, room, 'Hi', null)).rejects.toMatchObject({ code: 'chatroom_not_found' });
  });

  it('messages are accepted again as soon as the UTC day is over', async () => {
    const { user, room } = await userWithRoom();
    await expect(acceptance.send(user, room, 'Hi', null)).rejects.toMatchObject(REFUSAL);
    clock.instant = new Date('2026-11-24T00:00:00.000Z');
    await expect(acceptance.send(user, room, 'Hi', null)).resolves.toMatchObject({ quota: { used: 1 } });
  });
});
