import 'reflect-metadata';
import { type MessageAcceptanceStore, ReplyCancellationStore } from '@app/chatroom/testing';
import { type ClaimedReply, ModelPauseStore, type ReplyStore } from '@app/gemini/testing';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

const QUESTION = 'What does the document say?';

/** What the texts of a conversation of one question are estimated at: three bytes a token, and `[]` for what was said before. */
const TEXTS = Math.floor((QUESTION.length + 2) / 3);

const FILES = 40_000;

let testDatabase: TestDatabase;
let database: Database;
let acceptance: MessageAcceptanceStore;
let cancellation: ReplyCancellationStore;
let store: ReplyStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  const clock = new SystemClock();
  ({ acceptance, replies: store } = messageAcceptance(database, clock));
  cancellation = new ReplyCancellationStore(database, clock);
});
afterAll(async () => {
  await database?.onApplicationShutdown();
  await testDatabase?.drop();
});

/** A new user's reply that a worker has claimed, early enough that its calls are in one row of the ledger, which has one for each day. */
async function claimed(): Promise<ClaimedReply> {
  await dayWithTimeLeft(10_000);
  const [user, room] = [uuidv7(), uuidv7()];
  await database.prisma.user.create({ data: { id: user, phone: user, chatrooms: { create: { id: room } } } });
  return claim((await acceptance.send(user, room, QUESTION, null)).reply.id);
}

async function claim(replyId: string): Promise<ClaimedReply> {
  const claim = await claimReply(store, replyId);
  if (claim === null) throw new Error('It was not claimed');
  return claim;
}

/** Its worker extends the lease no more. */
const die = ({ id }: ClaimedReply) =>
  database.prisma.message.update({ where: { id }, data: { dueAt: new Date(Date.now() - 1_000) } });

const ledgerOf = async ({ userId }: ClaimedReply) =>
  (await database.prisma.modelUsage.findMany({ where: { userId } })).map(({ calls, estimatedCalls, promptTokens }) => ({
    ...{ calls, estimatedCalls },
    promptTokens: Number(promptTokens),
  }));

describe('the call of a worker that has died', () => {
  it.each<[string, (reply: ClaimedReply) => Promise<unknown>]>([
    ['the next claim', ({ id }) => claim(id)],
    ['a cancellation', ({ userId, chatroomId, id }) => cancellation.cancel(userId, chatroomId, id)],
    ['a cancellation of all', ({ userId }) => cancellation.cancelAll(userId, null)],
    [
      'a deferral',
      async (reply) => {
        const pauses = new ModelPauseStore(database);
        await pauses.begin(reply.model, 'model_rate_limited', { floorMs: 0, baseMs: 60_000, maxMs: 60_000 });
        expect(await store.defer(reply, reply.attempt, reply.model)).not.toBeNull();
        await pauses.end(reply.model);
        await database.prisma.modelPause.deleteMany();
      },
    ],
  ])('counts once, with the files that it was sent, by %s', async (_, takeOver) => {
    const reply = await claimed();
    expect(await store.beginCall(reply, TEXTS + FILES)).toBe(true);
    await die(reply);
    await takeOver(reply);
    expect(await ledgerOf(reply)).toEqual([{ calls: 1, estimatedCalls: 1, promptTokens: TEXTS + FILES }]);
    await cancellation.cancelAll(reply.userId, null);
    expect(await ledgerOf(reply)).toMatchObject([{ promptTokens: TEXTS + FILES }]);
  });

  it('counts with the texts, where it had no files or had not begun', async () => {
    const reply = await claimed();
    await store.beginCall(reply, TEXTS + FILES);
    await die(reply);
    const next = await claim(reply.id);
    await die(next);
    await cancellation.cancel(next.userId, next.chatroomId, next.id);
    expect(await ledgerOf(next)).toEqual([{ calls: 2, estimatedCalls: 2, promptTokens: 2 * TEXTS + FILES }]);
  });

  it('is not made where another worker has the reply, or it has ended', async () => {
    const reply = await claimed();
    await die(reply);
    const next = await claim(reply.id);
    expect(await store.beginCall(reply, FILES)).toBe(false);
    await die(next);
    await cancellation.cancel(next.userId, next.chatroomId, next.id);
    expect(await store.beginCall(next, FILES)).toBe(false);
    expect(await ledgerOf(next)).toEqual([{ calls: 2, estimatedCalls: 2, promptTokens: 2 * TEXTS }]);
  });
});
