import 'reflect-metadata';
import { type MessageAcceptanceStore, readIdempotencyKey } from '@app/chatroom/testing';
import { type FinalReply, type ReplyStore } from '@app/gemini/testing';
import { Clock, Database, DatabaseConfig, Metrics, uuidv7, type ValidationFailedError } from '@app/platform';
import {
  CapacityService,
  DailyQuotaGuard,
  ExhaustedQuotaCache,
  type QuotaLedgerStore,
  QuotaMetrics,
} from '@app/subscription';
import type { ExecutionContext } from '@nestjs/common';
import { claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { plansFile } from '../support/plans-file.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

class SetClock extends Clock {
  instant = new Date('2026-11-23T12:00:00.000Z');
  override now(): Date {
    return this.instant;
  }
}

const COMPLETED: FinalReply = {
  status: 'completed',
  content: 'Blue light scatters.',
  model: 'gemini-test',
  finishReason: 'STOP',
  usage: { promptTokens: 3, cachedTokens: 0, thoughtTokens: 0, replyTokens: 4, searches: 0 },
  error: null,
};
const FAILED: FinalReply = {
  ...COMPLETED,
  status: 'failed',
  content: '',
  error: { code: 'model_unavailable', detail: 'The model could not be reached or broke off.' },
};

let testDatabase: TestDatabase;
let database: Database;
let clock: SetClock;
let acceptance: MessageAcceptanceStore;
let store: ReplyStore;
let ledger: QuotaLedgerStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  // 200 senders take turns at 20 connections, however long a busy machine needs.
  database.pool.options.connectionTimeoutMillis = 60_000;
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

beforeEach(() => {
  clock = new SetClock();
  ({ acceptance, ledger, replies: store } = messageAcceptance(database, clock));
});

/** As it is in a process of its own with this clock. */
const replica = (itsClock: Clock): MessageAcceptanceStore => messageAcceptance(database, itsClock).acceptance;

async function newUser(plan?: { plan: string; planExpiresAt?: Date }): Promise<string> {
  const id = uuidv7();
  const phone = `+1${Math.floor(Math.random() * 1e10)}${id.slice(-4)}`;
  const subscription = plan && { create: { stripeCustomerId: `cus_${id}`, ...plan } };
  await database.prisma.user.create({ data: { id, phone, ...(subscription && { subscription }) } });
  return id;
}

async function newRoom(userId: string): Promise<string> {
  const id = uuidv7();
  await database.prisma.chatroom.create({ data: { id, userId } });
  return id;
}

async function outcomeOf<T>(promise: Promise<T>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

describe('accepting a message', () => {
  it('stores question and queued reply side by side, and charges the day', async () => {
    const user = await newUser();
    const room = await newRoom(user);

    const { message, reply, quota } = await acceptance.send(user, room, 'Why is the sky blue?', null);

    const stored = await database.prisma.message.findMany({ where: { chatroomId: room }, orderBy: { seq: 'asc' } });
    expect(
      stored.map(({ id, seq, role, status, content, replyTo }) => ({ id, seq, role, status, content, replyTo })),
    ).toEqual([
      { id: message.id, seq: 1, role: 'user', status: 'completed', content: 'Why is the sky blue?', replyTo: null },
      { id: reply.id, seq: 2, role: 'bot', status: 'queued', content: '', replyTo: message.id },
    ]);
    expect(quota).toEqual({ plan: 'basic', limit: 5, used: 1 });
    const stamped = await database.prisma.chatroom.findUniqueOrThrow({ where: { id: room } });
    expect(stamped).toMatchObject({ lastSeq: 2, lastMessageAt: clock.instant, lastActivityAt: clock.instant });
  });

  it("refuses another user's room like one that does not exist, and charges nothing", async () => {
    const other = await newUser();
    const room = await newRoom(await newUser());
    expect(await outcomeOf(acceptance.send(other, room, 'Hi', null))).toBe('chatroom_not_found');
    expect(await outcomeOf(acceptance.send(other, uuidv7(), 'Hi', null))).toBe('chatroom_not_found');
    expect((await ledger.read(other)).used).toBe(0);
  });

  it("takes no message that is longer than the plan's, in code points, and charges nothing for it", async () => {
    const plans = plansFile((file) => {
      file.plans.basic.maxMessageCharacters = 10;
      file.plans.pro.maxMessageCharacters = 20;
    });
    const limited = messageAcceptance(database, clock, 5, 100, plans).acceptance;
    const [basic, pro] = [await newUser(), await newUser({ plan: 'pro' })];
    const [basicRoom, proRoom] = [await newRoom(basic), await newRoom(pro)];
    const send = (user: string, room: string, length: number) =>
      limited.send(user, room, '🌍'.repeat(length), null).then(
        () => null,
        (error: ValidationFailedError) => error.errors ?? error.code,
      );
    const tooLong = (longest: number) => [{ pointer: '/content', detail: `must have at most ${longest} characters` }];

    expect(await send(basic, basicRoom, 10)).toBeNull();
    expect(await send(basic, basicRoom, 11)).toEqual(tooLong(10));
    expect(await send(pro, proRoom, 20)).toBeNull();
    expect(await send(pro, proRoom, 21)).toEqual(tooLong(20));
    expect(await send(basic, uuidv7(), 11)).toBe('chatroom_not_found');
    expect((await ledger.read(basic)).used).toBe(1);
    expect(await database.prisma.message.count({ where: { chatroomId: { in: [basicRoom, proRoom] } } })).toBe(4);
  });

  it('gives the first answer to a key again when the message has become too long for the plan', async () => {
    const plans = plansFile((file) => (file.plans.basic.maxMessageCharacters = 10));
    const user = await newUser();
    const room = await newRoom(user);
    const text = 'A message of before';
    const key = readIdempotencyKey('long', [room, text]);
    const { message } = await acceptance.send(user, room, text, key);
    const again = await messageAcceptance(database, clock, 5, 100, plans).acceptance.send(user, room, text, key);
    expect(again).toMatchObject({ message: { id: message.id }, replayed: true });
  });

  it('lets 200 parallel senders have exactly the five messages of the day', async () => {
    const user = await newUser();
    const rooms = await Promise.all([newRoom(user), newRoom(user), newRoom(user)]);
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, i) => outcomeOf(acceptance.send(user, rooms[i % 3] as string, `m${i}`, null))),
    );
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === 'daily_quota_exceeded')).toHaveLength(195);
    expect(await database.prisma.message.count({ where: { chatroom: { userId: user } } })).toBe(10);
    expect(await ledger.read(user)).toEqual({ plan: 'basic', limit: 5, used: 5 });
  });

  it('begins a new day at midnight in UTC', async () => {
    const user = await newUser();
    const room = await newRoom(user);
    clock.instant = new Date('2026-11-23T23:59:59.999Z');
    for (let i = 0; i < 5; i++) await acceptance.send(user, room, 'today', null);
    expect(await outcomeOf(acceptance.send(user, room, 'one too many', null))).toBe('daily_quota_exceeded');
    clock.instant = new Date('2026-11-24T00:00:00.000Z');
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcomeOf(acceptance.send(user, room, 'tomorrow', null))),
    );
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(5);
  });

  it('has no limit on Pro, and has one again the moment that a grace runs out', async () => {
    const user = await newUser({ plan: 'pro', planExpiresAt: new Date('2026-11-23T13:00:00.000Z') });
    const room = await newRoom(user);
    for (let i = 0; i < 8; i++) {
      expect((await acceptance.send(user, room, 'unlimited', null)).quota).toEqual({
        plan: 'pro',
        limit: null,
        used: i + 1,
      });
    }
    clock.instant = new Date('2026-11-23T13:00:00.000Z');
    expect(await outcomeOf(acceptance.send(user, room, 'Basic again', null))).toBe('daily_quota_exceeded');
  });

  it('refunds a message once when its reply fails, to the day that paid', async () => {
    const user = await newUser();
    const room = await newRoom(user);
    clock.instant = new Date('2026-11-23T23:59:00.000Z');
    const { reply } = await acceptance.send(user, room, 'late', null);
    clock.instant = new Date('2026-11-24T00:01:00.000Z');
    await acceptance.send(user, room, 'early', null);

    const claim = await claimReply(store, reply.id);
    const finished = await Promise.all(Array.from({ length: 5 }, () => store.finish(claim!, FAILED)));

    expect(finished.filter(Boolean)).toHaveLength(1);
    const days = await database.prisma.dailyUsage.findMany({ where: { userId: user }, orderBy: { day: 'asc' } });
    expect(days.map(({ used }) => used)).toEqual([0, 1]);
  });
});

describe('around midnight in UTC', () => {
  const LATE = new Date('2026-11-23T23:59:59.999Z');
  const EARLY = new Date('2026-11-24T00:00:00.000Z');

  /** Two replicas, since clocks differ: on one it is still the old day, on the other already the new one. */
  const replicas = (): [MessageAcceptanceStore, MessageAcceptanceStore] => [
    replica(Object.assign(new SetClock(), { instant: LATE })),
    replica(Object.assign(new SetClock(), { instant: EARLY })),
  ];
  /** A clock that shows the old day once, and then the new one. */
  const passingMidnight = (): Clock => {
    const instants = [LATE];
    return { now: () => instants.shift() ?? EARLY };
  };
  const usedByDay = async (userId: string): Promise<number[]> => {
    const days = await database.prisma.dailyUsage.findMany({ where: { userId }, orderBy: { day: 'asc' } });
    return days.map(({ used }) => used);
  };

  it('lets 200 parallel senders have exactly the five messages of each of the two days', async () => {
    const user = await newUser();
    const room = await newRoom(user);
    const sides = replicas();
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, i) => outcomeOf(sides[i % 2]!.send(user, room, `m${i}`, null))),
    );
    for (const side of [0, 1]) {
      const ofSide = outcomes.filter((_, i) => i % 2 === side);
      expect(ofSide.filter((outcome) => outcome === 'accepted')).toHaveLength(5);
      expect(ofSide.filter((outcome) => outcome === 'daily_quota_exceeded')).toHaveLength(95);
    }
    expect(await usedByDay(user)).toEqual([5, 5]);
  });

  it('refunds messages to the day that paid, in the midst of parallel senders of both days', async () => {
    const user = await newUser();
    const sides = replicas();
    clock.instant = EARLY;
    const rooms = await Promise.all(Array.from({ length: 200 }, () => newRoom(user)));
    // Three of each four that are accepted fail at once.
    const lives = await Promise.all(
      rooms.map(async (room, i) => {
        const sent = sides[i % 2]!.send(user, room, `m${i}`, null);
        const outcome = await outcomeOf(sent);
        if (outcome !== 'accepted') return outcome;
        const final = i % 8 < 6 ? FAILED : COMPLETED;
        await store.finish((await claimReply(store, (await sent).reply.id))!, final);
        return final.status;
      }),
    );
    const kept = [0, 1].map((side) => lives.filter((life, i) => i % 2 === side && life === 'completed').length);
    expect(lives).toContain('failed');
    expect(await usedByDay(user)).toEqual(kept);
    // What was refunded can be spent, and nothing else.
    await Promise.all(rooms.map((room, i) => outcomeOf(sides[i % 2]!.send(user, room, 'again', null))));
    expect(await usedByDay(user)).toEqual([5, 5]);
  });

  it('says how long to wait as of the day that was spent, even if the next one begins meanwhile', async () => {
    const user = await newUser();
    const room = await newRoom(user);
    for (let i = 0; i < 5; i++) await replicas()[0].send(user, room, 'today', null);
    const refusal = {
      code: 'daily_quota_exceeded',
      headers: { 'Retry-After': '1', RateLimit: '"daily-messages";r=0;t=1' },
    };
    await expect(replica(passingMidnight()).send(user, room, 'too late', null)).rejects.toMatchObject(refusal);

    const exhausted = new ExhaustedQuotaCache();
    exhausted.add(user, '2026-11-23');
    clock.instant = LATE;
    const request = { user: { userId: user }, headers: {} };
    const context = { switchToHttp: () => ({ getRequest: () => request }) } as unknown as ExecutionContext;
    const metrics = new QuotaMetrics(new Metrics());
    const guard = new DailyQuotaGuard(ledger, exhausted, new CapacityService(), passingMidnight(), metrics);
    await expect(guard.canActivate(context)).rejects.toMatchObject(refusal);
  });
});

describe('an Idempotency-Key', () => {
  it('gets the first answer again, while the reply runs, after it, and when the day is spent', async () => {
    const user = await newUser();
    const room = await newRoom(user);
    const key = readIdempotencyKey('"once"', [room, 'Hi']);
    const first = await acceptance.send(user, room, 'Hi', key);
    const claim = await claimReply(store, first.reply.id);
    expect(await acceptance.send(user, room, 'Hi', key)).toMatchObject({ replayed: true, reply: first.reply });
    await store.finish(claim!, COMPLETED);
    for (let i = 0; i < 4; i++) await acceptance.send(user, room, 'more', null);

    const replay = await acceptance.send(user, room, 'Hi', key);

    expect(replay.reply).toEqual(first.reply);
    expect(replay.message.id).toBe(first.message.id);
    expect(await ledger.read(user)).toEqual({ plan: 'basic', limit: 5, used: 5 });
  });

  it('under 20 parallel requests accepts one', async () => {
    const user = await newUser();
    const room = await newRoom(user);
    const key = readIdempotencyKey('parallel', [room, 'Hi']);
    const answers = await Promise.all(Array.from({ length: 20 }, () => acceptance.send(user, room, 'Hi', key)));
    expect(new Set(answers.map(({ reply }) => reply.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await database.prisma.message.count({ where: { chatroomId: room } })).toBe(2);
  });

  it('is refused with another request, and belongs to its user alone', async () => {
    const user = await newUser();
    const other = await newUser();
    const room = await newRoom(user);
    await acceptance.send(user, room, 'Hi', readIdempotencyKey('k', [room, 'Hi']));
    expect(await outcomeOf(acceptance.send(user, room, 'Ho', readIdempotencyKey('k', [room, 'Ho'])))).toBe(
      'idempotency_key_reused',
    );
    const elsewhere = await newRoom(other);
    const same = await acceptance.send(other, elsewhere, 'Ho', readIdempotencyKey('k', [elsewhere, 'Ho']));
    expect(same.replayed).toBe(false);
  });

  it('is forgotten after 24 hours', async () => {
    const user = await newUser();
    const room = await newRoom(user);
    const key = readIdempotencyKey('daily', [room, 'Hi']);
    const first = await acceptance.send(user, room, 'Hi', key);
    clock.instant = new Date(clock.instant.getTime() + 24 * 3_600_000);
    const second = await acceptance.send(user, room, 'Hi', key);
    expect(second.replayed).toBe(false);
    expect(second.reply.id).not.toBe(first.reply.id);
  });
});

describe('regenerating', () => {
  it('queues a new variant of the latest reply, which takes its place in the lists', async () => {
    const user = await newUser();
    const room = await newRoom(user);
    const { message, reply } = await acceptance.send(user, room, 'Hi', null);
    expect(await outcomeOf(acceptance.regenerate(user, room, reply.id, null))).toBe('reply_in_progress');
    await store.finish((await claimReply(store, reply.id))!, COMPLETED);

    const variant = await acceptance.regenerate(user, room, reply.id, null);

    expect(variant).toMatchObject({ reply: { replyTo: message.id, status: 'queued' }, quota: { limit: 5, used: 2 } });
    const shown = await database.prisma.message.findMany({ where: { chatroomId: room, superseded: false } });
    expect(shown.map(({ id }) => id).sort()).toEqual([message.id, variant!.reply.id].sort());
    expect(await outcomeOf(acceptance.regenerate(user, room, reply.id, null))).toBe('not_latest_reply');
    expect(await acceptance.regenerate(await newUser(), room, variant!.reply.id, null)).toBeNull();
    expect(await acceptance.regenerate(user, room, message.id, null)).toBeNull();
  });

  it('by ten parallel clicks queues one variant', async () => {
    const user = await newUser({ plan: 'pro' });
    const room = await newRoom(user);
    const { reply } = await acceptance.send(user, room, 'Hi', null);
    await store.finish((await claimReply(store, reply.id))!, COMPLETED);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => outcomeOf(acceptance.regenerate(user, room, reply.id, null))),
    );
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
    expect((await ledger.read(user)).used).toBe(2);
  });
});
