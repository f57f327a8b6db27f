import 'reflect-metadata';
import { once } from 'node:events';
import {
  ChatroomNotFoundError,
  type ChatroomService,
  ReplyCancellationStore,
  type ReplyLogStore,
  RoomDeletionStore,
} from '@app/chatroom/testing';
import { cancelChannel, REPLY_QUEUE } from '@app/contracts';
import type { FinalReply, FinishedReply, ReplyStore } from '@app/gemini/testing';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import fc from 'fast-check';
import { eventually } from '../support/eventually.js';
import { chatrooms } from '../support/replies/chatrooms.js';
import { claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { type RoomDeletion, startRoomDeletion } from '../support/replies/room-deletion.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

const CANCELLED: FinalReply = {
  status: 'cancelled',
  content: '',
  model: null,
  finishReason: null,
  usage: null,
  error: null,
};

const clock = new SystemClock();
let testDatabase: TestDatabase;
let database: Database;
let acceptance: ReturnType<typeof messageAcceptance>['acceptance'];
let ledger: ReturnType<typeof messageAcceptance>['ledger'];
let replies: ReplyStore;
let rooms: ChatroomService;
let cancellation: ReplyCancellationStore;
let api: RoomDeletion;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  ({ acceptance, ledger, replies } = messageAcceptance(database, clock, 10_000));
  ({ rooms } = chatrooms(database, clock));
  cancellation = new ReplyCancellationStore(database, clock);
  api = await startRoomDeletion(database, clock);
});

afterAll(async () => {
  await api.stop();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

async function newUser(): Promise<string> {
  const id = uuidv7();
  await database.prisma.user.create({ data: { id, phone: id } });
  return id;
}

const usedBy = async (user: string): Promise<number> => (await ledger.read(user)).used;

/** Sends a message and has a worker claim its reply and write this much of it, stored. */
async function sendAndWrite(user: string, room: string, content: string) {
  const { reply } = await acceptance.send(user, room, 'Go on', null);
  const held = (await claimReply(replies, reply.id))!;
  await replies.extend([{ ...held, content }]);
  return held;
}

/** Waits until so many sessions wait for locks. */
const untilWaiting = (sessions: number): Promise<boolean> =>
  eventually(async () => {
    const { rows } = await database.pool.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows[0]?.count === sessions;
  });

/** The times that pass only when the test says so, while `use` runs: those of `AbortSignal.timeout`. */
async function withHeldTimeouts<T>(use: (held: { ms: number[]; pass: () => void }) => Promise<T>): Promise<T> {
  const { timeout } = AbortSignal;
  const controllers: AbortController[] = [];
  const ms: number[] = [];
  AbortSignal.timeout = (length) => {
    const controller = new AbortController();
    controllers.push(controller);
    ms.push(length);
    return controller.signal;
  };
  try {
    return await use({ ms, pass: () => controllers.forEach((controller) => controller.abort()) });
  } finally {
    AbortSignal.timeout = timeout;
  }
}

/** Writes the log of an attempt, as its worker does. */
async function written(log: ReplyLogStore, replyId: string, attempt: number): Promise<void> {
  const writer = log.open(replyId, attempt);
  writer.append('Half an ans');
  await writer.flushed();
}

describe('a room whose replies are being written', () => {
  it('can be deleted at any moment: writers find nothing, and none blocks another', async () => {
    const owner = await newUser();
    for (let round = 0; round < 25; round++) {
      const { id } = await rooms.create(owner, {});
      const { reply } = await acceptance.send(owner, id, 'First', null);
      const held = await claimReply(replies, reply.id);
      const outcomes = await Promise.allSettled([
        acceptance.send(owner, id, 'Second', null),
        replies.extend([{ ...held!, content: 'Half an ans' }]),
        api.deletion.delete(owner, id),
        replies.finish(held!, CANCELLED),
        cancellation.cancel(owner, id, reply.id),
        acceptance.send(owner, id, 'Third', null),
      ]);
      const failures = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
      expect(failures.filter((error) => !(error instanceof ChatroomNotFoundError))).toEqual([]);
      expect(await database.prisma.message.count({ where: { chatroomId: id } })).toBe(0);
    }
    expect(await usedBy(owner)).toBe(0);
    // Each round may wait for a worker that does not answer.
  }, 120_000);
});

describe('deleting a room', () => {
  it("lets the owner's next reply have the turn of one that waited", async () => {
    const owner = await newUser();
    const [deleted, kept] = [await rooms.create(owner, {}), await rooms.create(owner, {})];
    await acceptance.send(owner, deleted.id, 'Waits', null);
    const { reply: next } = await acceptance.send(owner, kept.id, 'Waits, too', null);
    await api.deletion.delete(owner, deleted.id);
    // A deletion does not wait long for the queue, which takes the job all the same.
    const jobs = () => api.redis.keys(`{bull}:${REPLY_QUEUE.queue}:${next.id}-0-turn-*`);
    await eventually(async () => (await jobs()).length > 0);
    expect(await jobs()).toHaveLength(1);
  });

  it('takes its messages along, and leaves what finished replies cost', async () => {
    const owner = await newUser();
    const { id } = await rooms.create(owner, {});
    const held = await sendAndWrite(owner, id, '');
    await replies.finish(held, { ...CANCELLED, status: 'completed', content: 'An answer.' });
    await api.deletion.delete(owner, id);
    await expect(rooms.read(owner, id, { limit: 50 })).rejects.toThrow(ChatroomNotFoundError);
    expect(await database.prisma.message.count({ where: { chatroomId: id } })).toBe(0);
    expect(await usedBy(owner)).toBe(1);
  });

  it('removes what Redis has of its replies, of every attempt', async () => {
    const owner = await newUser();
    for (const finished of [true, false]) {
      const { id } = await rooms.create(owner, {});
      const held = await sendAndWrite(owner, id, 'Half an ans');
      for (const attempt of [1, held.attempt]) await written(api.log, held.id, attempt);
      if (finished) await replies.finish(held, { ...CANCELLED, status: 'completed', content: 'Half an answer.' });
      expect(await api.redis.keys(`*${held.id}*text*`)).not.toEqual([]);
      await api.deletion.delete(owner, id);
      // A deletion does not wait long for Redis, which removes them all the same.
      await eventually(async () => (await api.redis.keys(`*${held.id}*text*`)).length === 0);
    }
  });

  it("looks for somebody else's room as if it were not there", async () => {
    const [owner, other] = [await newUser(), await newUser()];
    const { id } = await rooms.create(owner, { title: 'Private' });
    await acceptance.send(owner, id, 'Waiting', null);
    await expect(api.deletion.delete(other, id)).rejects.toThrow(ChatroomNotFoundError);
    await expect(api.deletion.delete(owner, uuidv7())).rejects.toThrow(ChatroomNotFoundError);
    expect(await rooms.read(owner, id, { limit: 50 })).toMatchObject({ title: 'Private', messages: [{}, {}] });
    expect(await usedBy(owner)).toBe(1);
  });

  it('refunds all replies that wait, each to the day that paid', async () => {
    const owner = await newUser();
    const { id } = await rooms.create(owner, {});
    for (let i = 0; i < 5; i++) await acceptance.send(owner, id, `Message ${i}`, null);
    const elsewhere = await rooms.create(owner, {});
    await acceptance.send(owner, elsewhere.id, 'Stays', null);
    const yesterday = new Date(Date.now() - 86_400_000);
    await database.prisma.dailyUsage.create({ data: { userId: owner, day: yesterday, used: 3 } });
    const two = await database.prisma.message.findMany({ where: { chatroomId: id, role: 'bot' }, take: 2 });
    const ids = two.map((reply) => reply.id);
    await database.prisma.message.updateMany({ where: { id: { in: ids } }, data: { quotaDay: yesterday } });
    await api.deletion.delete(owner, id);
    const days = await database.prisma.dailyUsage.findMany({ where: { userId: owner }, orderBy: { day: 'asc' } });
    expect(days.map(({ used }) => used)).toEqual([1, 3]);
  });

  it('lets the worker that writes end its reply first, which then costs what it would by cancelling', async () => {
    const owner = await newUser();
    for (const [content, cost] of [['', 0] as const, ['Half an ans', 1] as const]) {
      const { id } = await rooms.create(owner, {});
      const held = await sendAndWrite(owner, id, '');
      const before = (await usedBy(owner)) - 1;
      const worker = api.redis.duplicate();
      await once(worker, 'ready');
      await worker.subscribe(cancelChannel);
      // The channel is common to all tests that use the server.
      const ended = new Promise<FinishedReply | null>((resolve) => {
        worker.on('message', (_channel, replyId) => {
          if (replyId === held.id) void replies.finish(held, { ...CANCELLED, content }).then(resolve);
        });
      });
      await withHeldTimeouts(() => api.deletion.delete(owner, id));
      expect(await ended).not.toBeNull();
      expect(await usedBy(owner)).toBe(before + cost);
      worker.disconnect();
    }
  });

  it.each([
    ['refunds a reply without text', '', 0],
    ['refunds a reply of blanks', ' \n\u00a0\u2003\ufeff', 0],
    ['charges a reply with text', 'Half an ans', 1],
  ])('waits two seconds for a worker that does not answer, and then %s', async (_, content, cost) => {
    const owner = await newUser();
    const { id } = await rooms.create(owner, {});
    const held = await sendAndWrite(owner, id, content);
    await withHeldTimeouts(async ({ ms, pass }) => {
      const deleted = api.deletion.delete(owner, id);
      await eventually(() => ms.length > 0);
      expect(await database.prisma.message.count({ where: { id: held.id, status: 'generating' } })).toBe(1);
      pass();
      await deleted;
      expect(ms).toEqual([2_000]);
    });
    expect(await usedBy(owner)).toBe(cost);
    expect(await replies.finish(held, { ...CANCELLED, content: 'Too late' })).toBeNull();
    expect(await usedBy(owner)).toBe(cost);
  });

  it('at the same moment as messages are sent leaves no charge for a reply that was never written', async () => {
    const owner = await newUser();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.nat({ max: 3 }), async (sends, position) => {
        const { id } = await rooms.create(owner, {});
        const steps: (() => Promise<unknown>)[] = Array.from(
          { length: sends },
          (__, i) => () => acceptance.send(owner, id, `Message ${i}`, null),
        );
        steps.splice(position, 0, () => api.deletion.delete(owner, id));
        const outcomes = await Promise.allSettled(steps.map((step) => step()));
        const failures = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
        expect(failures.filter((error) => !(error instanceof ChatroomNotFoundError))).toEqual([]);
        expect(await usedBy(owner)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('finds an unfinished reply that is accepted while it waits for the room', async () => {
    const owner = await newUser();
    const { id } = await rooms.create(owner, {});
    const store = new RoomDeletionStore(database, cancellation, clock);
    const sender = await database.pool.connect();
    try {
      await sender.query('BEGIN');
      await sender.query('UPDATE chatroom SET last_seq = last_seq + 2 WHERE id = $1', [id]);
      const deleted = store.deleteIdle(owner, id);
      await untilWaiting(1);
      await sender.query('COMMIT');
      expect(await deleted).toMatchObject({ deleted: false });
    } finally {
      sender.release();
    }
    expect(await store.deleteIdle(owner, id)).toMatchObject({ deleted: true });
    expect(await store.deleteIdle(owner, id)).toBeNull();
  });
});

describe('deleting all rooms of a user', () => {
  it('ends in no deadlock with the worker that extends the leases of several replies', async () => {
    const owner = await newUser();
    const [first, second, third] = [
      await rooms.create(owner, {}),
      await rooms.create(owner, {}),
      await rooms.create(owner, {}),
    ];
    const last = await sendAndWrite(owner, third.id, 'Half an ans');
    const head = await sendAndWrite(owner, first.id, 'Half an ans');
    const { reply: between } = await acceptance.send(owner, second.id, 'Waits', null);
    const other = await database.pool.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT FROM message WHERE id = $1 FOR UPDATE', [between.id]);
      const cancelled = cancellation.cancelAll(owner, null);
      await untilWaiting(1);
      const extended = replies.extend([last, head].map((held) => ({ ...held, content: null })));
      await untilWaiting(2);
      await other.query('COMMIT');
      expect(await cancelled).toHaveLength(3);
      expect((await extended).size).toBe(2);
    } finally {
      other.release();
    }
  });

  it('settles all of their unfinished replies, and those of no other user', async () => {
    const [owner, other] = [await newUser(), await newUser()];
    for (const user of [owner, other]) {
      for (let i = 0; i < 3; i++) await acceptance.send(user, (await rooms.create(user, {})).id, 'Waits', null);
      await sendAndWrite(user, (await rooms.create(user, {})).id, 'Half an ans');
    }
    await api.deletion.stopReplies(owner);
    await api.deletion.deleteAll(owner);
    await api.deletion.deleteAll(owner);
    expect(await database.prisma.chatroom.count({ where: { userId: owner } })).toBe(0);
    expect([await usedBy(owner), await usedBy(other)]).toEqual([1, 4]);
  });
});
