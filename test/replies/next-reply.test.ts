import 'reflect-metadata';
import { type MessageAcceptanceStore, ReplyCancellationStore, ReplyOrderStore } from '@app/chatroom/testing';
import { type ClaimedReply, type ClaimOutcome, type ReplyStore } from '@app/gemini/testing';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { registeredStatements, SystemClock } from '@app/platform/testing';
import fc from 'fast-check';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { ANSWER } from '../support/replies/answer.js';
import { addressOf, claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

const AT_ONCE = 2;
const MODEL = 'gemini-flash-latest';
const TOKENS = { promptTokens: 1, cachedTokens: 0, thoughtTokens: 0, replyTokens: 1, searches: 0 };

let testDatabase: TestDatabase;
let database: Database;
let acceptance: MessageAcceptanceStore;
let cancellation: ReplyCancellationStore;
let order: ReplyOrderStore;
let store: ReplyStore;
/** A session of another process, whose locks force what comes before what. */
let other: pg.Client;
/** Sees who waits. In a transaction that would not change. */
let observer: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  const clock = new SystemClock();
  ({ acceptance, replies: store } = messageAcceptance(database, clock, 1_000, AT_ONCE));
  cancellation = new ReplyCancellationStore(database, clock);
  order = new ReplyOrderStore(database);
  other = new pg.Client({ connectionString: testDatabase.url });
  observer = new pg.Client({ connectionString: testDatabase.url });
  await Promise.all([other.connect(), observer.connect()]);
});

afterAll(async () => {
  await Promise.all([other.end(), observer.end()]);
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

interface Owner {
  user: string;
  rooms: string[];
}

/** A user with rooms, in the order of their ids. */
async function newOwner(rooms: number): Promise<Owner> {
  const owner = { user: uuidv7(), rooms: Array.from({ length: rooms }, () => uuidv7()).sort() };
  const chatrooms = { create: owner.rooms.map((id) => ({ id })) };
  await database.prisma.user.create({ data: { id: owner.user, phone: owner.user, chatrooms } });
  return owner;
}

const send = async ({ user, rooms }: Owner, room = 0): Promise<string> =>
  (await acceptance.send(user, rooms[room]!, 'A question?', null)).reply.id;

const sendAndClaim = async (owner: Owner, room = 0): Promise<ClaimedReply> =>
  (await claimReply(store, await send(owner, room)))!;

const finish = (claim: ClaimedReply) =>
  store.finish(claim, ANSWER, { model: MODEL, tokens: TOKENS, isEstimate: false });

/** Waits until so many sessions wait for locks. */
const untilWaiting = (sessions: number): Promise<boolean> =>
  eventually(async () => {
    const { rows } = await observer.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows[0]?.count === sessions;
  });

describe('the end of a reply', () => {
  it('brings the next one of its room', async () => {
    const owner = await newOwner(1);
    const first = await sendAndClaim(owner);
    const second = await send(owner);
    await send(owner);
    expect((await finish(first))?.next).toEqual({
      ...{ id: second, chatroomId: owner.rooms[0] },
      ...{ attempt: 0, userId: owner.user },
    });
  });

  it('brings the rooms behind its own first, then those before, and its own room last', async () => {
    const owner = await newOwner(3);
    let claim = await sendAndClaim(owner, 1);
    const [inOwn, before, behind] = [await send(owner, 1), await send(owner, 0), await send(owner, 2)];
    const brought: string[] = [];
    for (let i = 0; i < 3; i++) {
      const next = (await finish(claim))!.next!;
      brought.push(next.id);
      claim = (await claimReply(store, next.id))!;
    }
    expect(brought).toEqual([behind, before, inOwn]);
    expect(await finish(claim)).toEqual({ next: null, awaited: false });
  });

  it('brings none that is not due, is being written, or waits behind one that is', async () => {
    const owner = await newOwner(3);
    const [claim, writing] = [await sendAndClaim(owner, 0), await sendAndClaim(owner, 1)];
    await send(owner, 1);
    const later = await send(owner, 2);
    await database.prisma.message.update({ where: { id: later }, data: { dueAt: new Date(Date.now() + 60_000) } });
    expect(await finish(claim)).toEqual({ next: null, awaited: false });
    expect((await finish(writing))?.next).not.toBeNull();
  });
});

// What a reply's end sees is what was committed as its statement began. A reply that begins to wait after that, and whose
// job finds it busy before the end is committed, has no job any more.
describe('a reply that begins to wait while another one ends', () => {
  /** Lets the end begin, and keeps it from being committed, or from locking its row, until `between` has happened. */
  async function whileEnding(
    claim: ClaimedReply,
    lock: string,
    between: () => Promise<unknown>,
  ): Promise<Awaited<ReturnType<typeof finish>>> {
    await other.query('BEGIN');
    await other.query(lock, [lock.includes('model_usage') ? claim.userId : claim.id]);
    const ended = finish(claim);
    try {
      await untilWaiting(1);
      await between();
    } finally {
      await other.query('COMMIT');
    }
    return ended;
  }

  /** The end has its row by then, but can't go on. */
  const BEFORE_COMMIT = `SELECT FROM model_usage WHERE user_id = $1 FOR UPDATE`;
  /** The end has begun by then, but hasn't got its row. */
  const BEFORE_ROW = `SELECT FROM message WHERE id = $1 FOR UPDATE`;

  it.each([
    ['in its room, before the end is committed', 1, 0, BEFORE_COMMIT],
    ['in its room, before the end has its row', 1, 0, BEFORE_ROW],
    ['for a place, before the end is committed', AT_ONCE, AT_ONCE, BEFORE_COMMIT],
    ['for a place, before the end has its row', AT_ONCE, AT_ONCE, BEFORE_ROW],
  ])('%s, is not found busy: its claim waits for the end', async (_what, writing, room, lock) => {
    const owner = await newOwner(AT_ONCE + 1);
    await finish(await sendAndClaim(owner));
    const claims = [];
    for (let i = 0; i < writing; i++) claims.push(await sendAndClaim(owner, i));
    let claiming: Promise<ClaimOutcome> | undefined;
    const ended = await whileEnding(claims[0]!, lock, async () => {
      const late = await addressOf(store, await send(owner, room));
      claiming = store.claim(late);
      await untilWaiting(2);
    });
    expect({ ended, claimed: (await claiming)?.type }).toEqual({
      ended: { next: null, awaited: expect.any(Boolean) },
      claimed: 'claimed',
    });
  });

  it('is told of by the end, where its claim came before the end had its row', async () => {
    const owner = await newOwner(1);
    const first = await sendAndClaim(owner);
    const tell = registeredStatements().find(({ name }) => name === 'reply_await')!.text;
    let late: string | undefined;
    const ended = await whileEnding(first, BEFORE_ROW, async () => {
      late = await send(owner);
      // What the claim of the late one does, in the session that has the lock.
      expect((await other.query(tell, [[first.chatroomId], [first.id]])).rows).toEqual([{ unfinished: 1 }]);
    });
    expect(ended).toEqual({ next: null, awaited: true });
    expect(await order.nextOfUser(first)).toMatchObject({ id: late });
  });
});

describe('a reply that is found busy', () => {
  it.each([
    ['behind another one of its room', 1, 0],
    ['without a place', AT_ONCE, AT_ONCE],
  ])('%s is known at the end of each that it waits for', async (_what, writing, room) => {
    const owner = await newOwner(AT_ONCE + 1);
    const claims: ClaimedReply[] = [];
    for (let i = 0; i < writing; i++) claims.push(await sendAndClaim(owner, i));
    const busy = await send(owner, room);
    const address = await addressOf(store, busy);
    for (let i = 0; i < 3; i++) expect(await store.claim(address)).toEqual({ type: 'busy' });
    for (const claim of claims) expect(await finish(claim)).toMatchObject({ awaited: true, next: { id: busy } });
  });
});

// The jobs of a queue that loses none, and no sweep: what is found busy comes again only with the end of another.
it('in any order of sending, claiming, ending and cancelling no reply is left without a job', async () => {
  /** What each of several workers does, job by job, until there are none. */
  async function work(jobs: string[], cancelled: () => Promise<unknown>): Promise<void> {
    const enqueueNext = async (id: string): Promise<void> => {
      const next = await order.nextOfUser(await addressOf(store, id));
      if (next !== null) jobs.push(next.id);
    };
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { type, ...rest } = await store.claim(await addressOf(store, job));
      if (type === 'taken') await enqueueNext(job);
      if (!('claim' in rest)) continue;
      await cancelled();
      const { next, awaited } = (await finish(rest.claim))!;
      if (next !== null) jobs.push(next.id);
      else if (awaited) await enqueueNext(job);
    }
  }
  const sends = fc.array(fc.nat({ max: 2 }), { minLength: 8, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(sends, fc.integer({ min: 1, max: 6 }), async (rooms, workers) => {
      const owner = await newOwner(3);
      const jobs: string[] = [];
      const queued: string[] = [];
      const sending = rooms.map(async (room) => {
        const id = await send(owner, room);
        jobs.push(id);
        queued.push(id);
      });
      /** Ends one that waits, as a reader does, now and then. */
      const cancelOne = async (): Promise<void> => {
        const id = queued.length % 4 === 0 ? queued.pop() : undefined;
        if (id === undefined) return;
        const { chatroomId } = await database.prisma.message.findUniqueOrThrow({ where: { id } });
        const reply = await cancellation.cancel(owner.user, chatroomId, id);
        const next = reply?.status === 'cancelled' ? await order.nextOfUser({ id, chatroomId }) : null;
        if (next !== null) jobs.push(next.id);
      };
      const working = async (): Promise<void> => {
        await Promise.all(Array.from({ length: workers }, () => work(jobs, cancelOne)));
      };
      await Promise.all([...sending, working()]);
      while (jobs.length > 0) await working();
      const left = await database.prisma.message.findMany({ where: { userId: owner.user, completedAt: null } });
      expect(left.map(({ status, awaited }) => ({ status, awaited }))).toEqual([]);
    }),
    { numRuns: 30 },
  );
}, 60_000);
