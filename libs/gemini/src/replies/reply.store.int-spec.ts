import 'reflect-metadata';
import { Database, DatabaseConfig, CrashConfig, CrashPoints, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { QuotaConfig, QuotaLedger, ExhaustedQuotaCache } from '@app/subscription';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { MessageAcceptance } from '../../../chatroom/src/sending/message-acceptance.store.js';
import { ReplyConfig } from '../../../chatroom/src/replies/reply.config.js';
import { type FinalReply, ReplyStore } from './reply.store.js';

const ANSWER: FinalReply = {
  status: 'completed',
  content: 'An answer.',
  model: 'gemini-test',
  finishReason: 'STOP',
  usage: null,
  error: null,
};

let testDatabase: TestDatabase;
let database: Database;
let acceptance: MessageAcceptance;
let store: ReplyStore;
let ledger: QuotaLedger;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  const clock = new SystemClock();
  const quota = Object.assign(new QuotaConfig(), { BASIC_DAILY_MESSAGES: 1_000 });
  ledger = new QuotaLedger(database, clock, quota);
  acceptance = new MessageAcceptance(database, clock, quota, ledger, new ExhaustedQuotaCache());
  store = new ReplyStore(database, clock, new ReplyConfig(), new CrashPoints(new CrashConfig()));
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

async function newRoom(): Promise<{ user: string; room: string }> {
  const [user, room] = [uuidv7(), uuidv7()];
  await database.prisma.user.create({ data: { id: user, phone: user, chatrooms: { create: { id: room } } } });
  return { user, room };
}

async function send({ user, room }: { user: string; room: string }): Promise<string> {
  return (await acceptance.send(user, room, 'A question?', null)).reply.id;
}

/** The worker that holds it gives no sign of life any more. */
async function endLease(replyId: string): Promise<void> {
  await database.prisma.message.update({ where: { id: replyId }, data: { dueAt: new Date(Date.now() - 1_000) } });
}

describe('claiming', () => {
  it('gives a reply to one of many workers', async () => {
    const reply = await send(await newRoom());
    const claims = await Promise.all(Array.from({ length: 20 }, () => store.claim(reply)));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
  });

  it('brings along what it takes to answer', async () => {
    const owner = await newRoom();
    await database.prisma.chatroom.update({
      where: { id: owner.room },
      data: { systemInstruction: 'Be brief.', title: 'Sky' },
    });
    expect(await store.claim(await send(owner))).toMatchObject({
      fence: 1,
      chatroom_id: owner.room,
      user_id: owner.user,
      prompt: 'A question?',
      newest_turns: [],
      title: 'Sky',
      system_instruction: 'Be brief.',
      model: null,
      cancel_requested: false,
    });
  });

  it('keeps the order of a room, whatever order workers ask in, and holds up no other room', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 4 }), { minLength: 5, maxLength: 25 }), async (picks) => {
        const owner = await newRoom();
        const replies: string[] = [];
        for (let i = 0; i < 5; i++) replies.push(await send(owner));
        const answered: string[] = [];
        for (const pick of [...picks, 0, 1, 2, 3, 4]) {
          const claim = await store.claim(replies[pick] as string);
          if (claim === null) continue;
          const { content: answer } = ANSWER;
          const exchanges = answered.map((_, index) => ({ seq: 2 * index + 2, question: 'A question?', answer }));
          expect(claim.newest_turns).toEqual(exchanges.reverse());
          expect(await store.claim(await send(await newRoom()))).not.toBeNull();
          await store.finish(claim, ANSWER);
          answered.push(claim.id);
        }
        expect(answered).toEqual(replies);
      }),
      { numRuns: 15 },
    );
  });
});

describe('the fence', () => {
  it('throws away what a worker brings that was thought dead', async () => {
    const reply = await send(await newRoom());
    const frozen = await store.claim(reply);
    await endLease(reply);
    const other = await store.claim(reply);

    expect(await store.finish(frozen!, { ...ANSWER, content: 'too late' })).toBe(false);
    expect(await store.release(frozen!, 0, 'model_unavailable', true)).toBeNull();
    expect((await store.beat([{ id: reply, fence: frozen!.fence, content: 'too late' }])).size).toBe(0);
    expect(await store.finish(other!, ANSWER)).toBe(true);
    expect(await store.finish(other!, { ...ANSWER, content: 'twice' })).toBe(false);
    expect(await database.prisma.message.findUnique({ where: { id: reply } })).toMatchObject({
      content: 'An answer.',
      fence: 2,
    });
  });

  it('leaves a reply to its worker while that gives signs of life, and stores what it has written', async () => {
    const reply = await send(await newRoom());
    const claim = await store.claim(reply);
    await endLease(reply);
    expect(await store.beat([{ id: reply, fence: claim!.fence, content: 'An ans' }])).toEqual(
      new Map([[reply, { cancelRequested: false }]]),
    );
    expect(await store.claim(reply)).toBeNull();
    expect(await database.prisma.message.findUnique({ where: { id: reply } })).toMatchObject({ content: 'An ans' });
  });
});

describe('a released reply', () => {
  it('waits for its time, and remembers why', async () => {
    const reply = await send(await newRoom());
    expect(await store.release((await store.claim(reply))!, 60_000, 'model_unavailable', true)).toBe(60_000);
    expect(await store.claim(reply)).toBeNull();
    await endLease(reply);
    expect(await store.claim(reply)).toMatchObject({ fence: 2, failures: 1, last_failure: 'model_unavailable' });
  });

  it('spends no attempt when the project was over its rate', async () => {
    const reply = await send(await newRoom());
    await store.release((await store.claim(reply))!, 0, 'model_rate_limited', false);
    expect(await store.claim(reply)).toMatchObject({ failures: 0, last_failure: 'model_rate_limited' });
  });
});

describe('a reply that was left lying for months', () => {
  it('can still be claimed, to be ended', async () => {
    const reply = await send(await newRoom());
    await store.release((await store.claim(reply))!, 0, 'model_unavailable', true);
    const longAgo = new Date(Date.now() - 90 * 86_400_000);
    await database.prisma.message.update({ where: { id: reply }, data: { deadlineAt: longAgo } });
    expect(await store.claim(reply)).toMatchObject({ deadline_in_ms: -1 });
  });
});

describe('cancelling', () => {
  it('does not wait for the next attempt of a reply whose last one has just failed', async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    const claim = await store.claim(reply);
    await store.cancel(owner.user, owner.room, reply);
    expect(await store.release(claim!, 60_000, 'model_unavailable', true)).toBe(0);
    expect(await store.claim(reply)).toMatchObject({ cancel_requested: true });
  });

  it('ends a queued reply at once, gives its message back, and lets the next one pass', async () => {
    const owner = await newRoom();
    const [first, second] = [await send(owner), await send(owner)];
    expect(await store.cancel(owner.user, owner.room, first)).toMatchObject({ status: 'cancelled', content: '' });
    expect(await store.claim(first)).toBeNull();
    expect(await store.nextInRoom(first)).toEqual({ id: second, fence: 0 });
    expect(await store.claim(second)).not.toBeNull();
    expect((await ledger.read(owner.user)).used).toBe(1);
  });

  it('asks the worker that writes, and ends the reply itself when that one is dead', async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    const claim = await store.claim(reply);
    await store.beat([{ id: reply, fence: claim!.fence, content: 'Some words' }]);
    expect(await store.cancel(owner.user, owner.room, reply)).toMatchObject({ status: 'generating' });
    expect(await store.beat([{ id: reply, fence: claim!.fence, content: null }])).toEqual(
      new Map([[reply, { cancelRequested: true }]]),
    );
    await endLease(reply);
    expect(await store.cancel(owner.user, owner.room, reply)).toMatchObject({
      status: 'cancelled',
      content: 'Some words',
    });
    expect((await ledger.read(owner.user)).used).toBe(1);
  });

  it('keeps what was written for the worker that comes after a dead one', async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    const claim = await store.claim(reply);
    await store.beat([{ id: reply, fence: claim!.fence, content: 'Some words' }]);
    await store.cancel(owner.user, owner.room, reply);
    await endLease(reply);
    expect(await store.claim(reply)).toMatchObject({ cancel_requested: true, content: 'Some words' });
  });

  it("finds no stranger's and no finished reply", async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    expect(await store.cancel((await newRoom()).user, owner.room, reply)).toBeNull();
    await store.finish((await store.claim(reply))!, ANSWER);
    expect(await store.cancel(owner.user, owner.room, reply)).toBeNull();
  });

  it('races completion: exactly one of the two is stored', async () => {
    for (let i = 0; i < 20; i++) {
      const owner = await newRoom();
      const reply = await send(owner);
      const claim = await store.claim(reply);
      await endLease(reply);
      const [cancelled, finished] = await Promise.all([
        store.cancel(owner.user, owner.room, reply),
        store.finish(claim!, ANSWER),
      ]);
      expect([cancelled?.status === 'cancelled', finished].filter(Boolean)).toHaveLength(1);
    }
  });
});

describe('the sweep', () => {
  it('finds due heads of rooms that nobody came for, and gives each out once in a while', async () => {
    const owner = await newRoom();
    const [head, behind, dead] = [await send(owner), await send(owner), await send(await newRoom())];
    await store.claim(dead);
    const past = new Date(Date.now() - 1_000);
    await database.prisma.message.updateMany({ where: { id: { in: [head, behind, dead] } }, data: { ringAt: past } });

    const found = (await store.sweep()).map(({ id }) => id);
    expect(found).toContain(head);
    expect(found).not.toContain(behind);
    expect(found).not.toContain(dead);
    expect((await store.sweep()).map(({ id }) => id)).not.toContain(head);

    await endLease(dead);
    expect(await store.sweep()).toContainEqual({ id: dead, fence: 1 });
  });
});
