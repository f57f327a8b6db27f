import 'reflect-metadata';
import { type MessageAcceptanceStore, ReplyCancellationStore, ReplyOrderStore } from '@app/chatroom/testing';
import type { ReplyStore } from '@app/gemini/testing';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { registeredStatements, SystemClock } from '@app/platform/testing';
import type { QuotaLedgerStore } from '@app/subscription';
import fc from 'fast-check';
import { ANSWER } from '../support/replies/answer.js';
import { addressOf, claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

let testDatabase: TestDatabase;
let database: Database;
let acceptance: MessageAcceptanceStore;
let cancellation: ReplyCancellationStore;
let store: ReplyStore;
let ledger: QuotaLedgerStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  const clock = new SystemClock();
  ({ acceptance, ledger, replies: store } = messageAcceptance(database, clock, 1_000));
  cancellation = new ReplyCancellationStore(database, clock);
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

/** The worker that holds it extends the lease no more. */
async function endLease(replyId: string): Promise<void> {
  await database.prisma.message.update({ where: { id: replyId }, data: { dueAt: new Date(Date.now() - 1_000) } });
}

describe('claiming', () => {
  it('gives a reply to one of many workers', async () => {
    const reply = await send(await newRoom());
    const claims = await Promise.all(Array.from({ length: 20 }, () => claimReply(store, reply)));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
  });

  it('brings along what it takes to answer', async () => {
    const owner = await newRoom();
    await database.prisma.chatroom.update({
      where: { id: owner.room },
      data: { systemInstruction: 'Be brief.', title: 'Sky' },
    });
    expect(await claimReply(store, await send(owner))).toMatchObject({
      attempt: 1,
      chatroomId: owner.room,
      userId: owner.user,
      prompt: 'A question?',
      promptFiles: null,
      newestTurns: [],
      title: 'Sky',
      systemInstruction: 'Be brief.',
      model: 'gemini-flash-latest',
      ownModel: false,
      probes: null,
      plan: { name: 'basic', maxOutputTokens: 4_096, historyTokens: 32_000 },
      cancelRequested: false,
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
          const claim = await claimReply(store, replies[pick] as string);
          if (claim === null) continue;
          const { content: answer } = ANSWER;
          const exchanges = answered.map((_, index) => ({
            seq: 2 * index + 1,
            question: 'A question?',
            files: null,
            answer,
          }));
          expect(claim.newestTurns).toEqual(exchanges.reverse());
          expect(await claimReply(store, await send(await newRoom()))).not.toBeNull();
          await store.finish(claim, ANSWER);
          answered.push(claim.id);
        }
        expect(answered).toEqual(replies);
      }),
      { numRuns: 15 },
    );
  });
});

describe('a reply whose model is paused before it was ever claimed', () => {
  it('waits, and tries the model after the pause', async () => {
    const model = 'gemini-flash-latest';
    const reply = await send(await newRoom());
    const resumeAt = new Date(Date.now() + 60_000);
    await database.prisma.modelPause.create({ data: { model, failure: 'model_rate_limited', resumeAt } });
    try {
      expect((await store.claim(await addressOf(store, reply))).type).toBe('paused');
      await database.prisma.modelPause.update({ where: { model }, data: { resumeAt: new Date(Date.now() - 1_000) } });
      expect(await store.claim(await addressOf(store, reply))).toMatchObject({
        type: 'claimed',
        claim: { probes: 'model_rate_limited' },
      });
    } finally {
      await database.prisma.modelPause.deleteMany();
    }
  });
});

describe('the number of the attempt', () => {
  it('throws away what a worker brings that was thought dead', async () => {
    const reply = await send(await newRoom());
    const frozen = await claimReply(store, reply);
    await endLease(reply);
    const other = await claimReply(store, reply);

    expect(await store.finish(frozen!, { ...ANSWER, content: 'too late' })).toBeNull();
    expect(await store.release(frozen!, 0, 'model_unavailable', true)).toBeNull();
    expect((await store.extend([{ ...frozen!, content: 'too late' }])).size).toBe(0);
    expect(await store.finish(other!, ANSWER)).not.toBeNull();
    expect(await store.finish(other!, { ...ANSWER, content: 'twice' })).toBeNull();
    expect(await database.prisma.message.findUnique({ where: { id: reply } })).toMatchObject({
      content: 'An answer.',
      attempt: 2,
    });
  });

  it('leaves a reply to its worker while that extends the lease, and stores what it has written', async () => {
    const reply = await send(await newRoom());
    const claim = await claimReply(store, reply);
    await endLease(reply);
    expect(await store.extend([{ ...claim!, content: 'An ans' }])).toEqual(
      new Map([[reply, { id: reply, cancelRequested: false }]]),
    );
    expect(await claimReply(store, reply)).toBeNull();
    expect(await database.prisma.message.findUnique({ where: { id: reply } })).toMatchObject({ content: 'An ans' });
  });
});

describe('a released reply', () => {
  it('waits for its time, and remembers why', async () => {
    const reply = await send(await newRoom());
    expect(await store.release((await claimReply(store, reply))!, 60_000, 'model_unavailable', true)).toBe(60_000);
    expect(await claimReply(store, reply)).toBeNull();
    await endLease(reply);
    expect(await claimReply(store, reply)).toMatchObject({ attempt: 2, failures: 1, lastFailure: 'model_unavailable' });
  });

  it('spends no attempt when its model was over its rate', async () => {
    const reply = await send(await newRoom());
    await store.release((await claimReply(store, reply))!, 0, 'model_rate_limited', false);
    expect(await claimReply(store, reply)).toMatchObject({ failures: 0, lastFailure: 'model_rate_limited' });
  });
});

describe('what a call used', () => {
  it('counts for its user, also while that one creates a room close to the limit', async () => {
    const owner = await newRoom();
    const claim = await claimReply(store, await send(owner));
    const lock = registeredStatements().find(({ name }) => name === 'chatroom_lock_owner');
    const creating = await database.pool.connect();
    try {
      await creating.query('BEGIN');
      await creating.query(lock!.text, [owner.user]);
      const tokens = { promptTokens: 7, cachedTokens: 0, thoughtTokens: 0, replyTokens: 3, searches: 2 };
      await store.finish(claim!, ANSWER, { model: 'gemini-flash-latest', tokens, isEstimate: false });
    } finally {
      await creating.query('ROLLBACK');
      creating.release();
    }
    const usage = await database.prisma.modelUsage.findMany({ where: { userId: owner.user } });
    expect(usage).toMatchObject([{ calls: 1, promptTokens: 7n, replyTokens: 3n, searches: 2n }]);
  });

  it('counts with its searches, also where another attempt follows', async () => {
    const owner = await newRoom();
    const claim = await claimReply(store, await send(owner));
    const tokens = { promptTokens: 7, cachedTokens: 0, thoughtTokens: 0, replyTokens: 3, searches: 2 };
    const call = { model: 'gemini-flash-latest', tokens, isEstimate: false };
    await store.release(claim!, 0, 'model_unavailable', true, call, { text: 'An', thoughts: '' });
    const usage = await database.prisma.modelUsage.findMany({ where: { userId: owner.user } });
    expect(usage).toMatchObject([{ calls: 1, promptTokens: 7n, replyTokens: 3n, searches: 2n }]);
  });
});

describe('a reply that was left lying for months', () => {
  it('can still be claimed, to be ended', async () => {
    const reply = await send(await newRoom());
    await store.release((await claimReply(store, reply))!, 0, 'model_unavailable', true);
    const longAgo = new Date(Date.now() - 90 * 86_400_000);
    await database.prisma.message.update({ where: { id: reply }, data: { deadlineAt: longAgo } });
    expect(await claimReply(store, reply)).toMatchObject({ deadlineInMs: -1 });
  });
});

describe('cancelling', () => {
  it('does not wait for the next attempt of a reply whose last one has just failed', async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    const claim = await claimReply(store, reply);
    await cancellation.cancel(owner.user, owner.room, reply);
    expect(await store.release(claim!, 60_000, 'model_unavailable', true)).toBe(0);
    expect(await claimReply(store, reply)).toMatchObject({ cancelRequested: true });
  });

  it('keeps what the attempt wrote that is released, and what was stored where the attempt says nothing', async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    const claim = (await claimReply(store, reply))!;
    await store.extend([{ ...claim, content: 'Because' }]);
    await cancellation.cancel(owner.user, owner.room, reply);
    await store.release(claim, 0, null, false, null, { text: 'Because the air', thoughts: '' });
    const ending = (await claimReply(store, reply))!;
    expect(ending).toMatchObject({ cancelRequested: true, content: 'Because the air' });
    await store.release(ending, 0, null, false);
    expect(await claimReply(store, reply)).toMatchObject({ cancelRequested: true, content: 'Because the air' });
  });

  it('ends a queued reply at once, refunds its message, and lets the next one pass', async () => {
    const owner = await newRoom();
    const [first, second] = [await send(owner), await send(owner)];
    expect(await cancellation.cancel(owner.user, owner.room, first)).toMatchObject({
      status: 'cancelled',
      content: '',
    });
    expect(await claimReply(store, first)).toBeNull();
    expect(await new ReplyOrderStore(database).nextOfUser({ id: first, chatroomId: owner.room })).toEqual({
      id: second,
      chatroomId: owner.room,
      attempt: 0,
      userId: owner.user,
    });
    expect(await claimReply(store, second)).not.toBeNull();
    expect((await ledger.read(owner.user)).used).toBe(1);
  });

  it('asks the worker that writes, and ends the reply itself when that one is dead', async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    const claim = await claimReply(store, reply);
    await store.extend([{ ...claim!, content: 'Some words' }]);
    expect(await cancellation.cancel(owner.user, owner.room, reply)).toMatchObject({ status: 'generating' });
    expect(await store.extend([{ ...claim!, content: null }])).toEqual(
      new Map([[reply, { id: reply, cancelRequested: true }]]),
    );
    await endLease(reply);
    expect(await cancellation.cancel(owner.user, owner.room, reply)).toMatchObject({
      status: 'cancelled',
      content: 'Some words',
    });
    expect((await ledger.read(owner.user)).used).toBe(1);
  });

  it('keeps what was written for the worker that comes after a dead one', async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    const claim = await claimReply(store, reply);
    await store.extend([{ ...claim!, content: 'Some words' }]);
    await cancellation.cancel(owner.user, owner.room, reply);
    await endLease(reply);
    expect(await claimReply(store, reply)).toMatchObject({ cancelRequested: true, content: 'Some words' });
  });

  it("finds no other user's and no finished reply", async () => {
    const owner = await newRoom();
    const reply = await send(owner);
    expect(await cancellation.cancel((await newRoom()).user, owner.room, reply)).toBeNull();
    await store.finish((await claimReply(store, reply))!, ANSWER);
    expect(await cancellation.cancel(owner.user, owner.room, reply)).toBeNull();
  });

  it('races completion: exactly one of the two is stored', async () => {
    for (let i = 0; i < 20; i++) {
      const owner = await newRoom();
      const reply = await send(owner);
      const claim = await claimReply(store, reply);
      await endLease(reply);
      const [cancelled, finished] = await Promise.all([
        cancellation.cancel(owner.user, owner.room, reply),
        store.finish(claim!, ANSWER),
      ]);
      expect([cancelled?.status === 'cancelled', finished].filter(Boolean)).toHaveLength(1);
    }
  });
});

describe('the sweep', () => {
  it('finds due heads of rooms whose job was lost, and gives each out once in a while', async () => {
    const owner = await newRoom();
    const [head, behind, dead] = [await send(owner), await send(owner), await send(await newRoom())];
    await claimReply(store, dead);
    const past = new Date(Date.now() - 1_000);
    await database.prisma.message.updateMany({
      where: { id: { in: [head, behind, dead] } },
      data: { nextEnqueueAt: past },
    });

    const found = (await store.sweep()).map(({ id }) => id);
    expect(found).toContain(head);
    expect(found).not.toContain(behind);
    expect(found).not.toContain(dead);
    expect((await store.sweep()).map(({ id }) => id)).not.toContain(head);

    await endLease(dead);
    expect(await store.sweep()).toContainEqual(expect.objectContaining({ id: dead, attempt: 1, isInTurn: true }));
  });

  it('alone brings every reply of a user to its end, whichever workers have died', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 8 }),
        async (concurrentReplies, rooms, deaths) => {
          const { replies: limited } = messageAcceptance(database, new SystemClock(), 1_000, concurrentReplies);
          const replies = await sendTo(rooms);
          for (const death of deaths) {
            const claim = await claimReply(limited, replies[death % replies.length] as string);
            if (claim !== null) await endLease(claim.id);
          }
          for (let left = replies.length; left > 0;) {
            const ended = await sweepAndAnswer(limited, replies);
            expect(ended).toBeGreaterThan(0);
            left -= ended;
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  /** Sends a new user's messages to rooms of these numbers. @returns the replies */
  async function sendTo(rooms: number[]): Promise<string[]> {
    const { user, room } = await newRoom();
    const others = Array.from({ length: 4 }, () => uuidv7());
    await database.prisma.chatroom.createMany({ data: others.map((id) => ({ id, userId: user })) });
    const replies: string[] = [];
    for (const index of rooms) replies.push(await send({ user, room: [room, ...others][index] as string }));
    return replies;
  }

  /** Answers those of the replies that a sweep brings, as workers would that hear of them in no other way. @returns how many */
  async function sweepAndAnswer(workers: ReplyStore, replies: string[]): Promise<number> {
    await database.prisma.message.updateMany({
      where: { id: { in: replies }, completedAt: null },
      data: { nextEnqueueAt: new Date(Date.now() - 1_000) },
    });
    let ended = 0;
    for (const { id } of await workers.sweep()) {
      const claim = replies.includes(id) ? await claimReply(workers, id) : null;
      if (claim !== null && (await workers.finish(claim, ANSWER)) !== null) ended++;
    }
    return ended;
  }
});
