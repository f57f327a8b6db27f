import 'reflect-metadata';
import type { MessageAddress } from '@app/chatroom';
import type { MessageAcceptanceStore } from '@app/chatroom/testing';
import {
  type LanguageModel,
  ModelAvailabilityService,
  ModelError,
  ModelMetrics,
  ModelPauseStore,
  type ReplyStore,
} from '@app/gemini/testing';
import { Database, DatabaseConfig, Metrics, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { CatalogueConfig, loadPlanCatalogue, type ModelCallService } from '@app/subscription';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

const MODEL = 'gemini-flash-latest';
/** Longer than a case takes: what follows the beginning of a pause comes before its end. */
const MINUTES = { floorMs: 0, baseMs: 60_000, maxMs: 240_000 };
/** The same where the vendor asks for a length. It ends before the deadline of a reply. */
const ASKED = { ...MINUTES, floorMs: 200_000 };

let testDatabase: TestDatabase;
let database: Database;
let acceptance: MessageAcceptanceStore;
let store: ReplyStore;
let pauses: ModelPauseStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  ({ acceptance, replies: store } = messageAcceptance(database, new SystemClock(), 1_000));
  pauses = new ModelPauseStore(database);
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

beforeEach(async () => {
  await database.prisma.modelPause.deleteMany();
});

/** The reply to a message of a new user. */
async function newReply(): Promise<MessageAddress> {
  const [user, room] = [uuidv7(), uuidv7()];
  await database.prisma.user.create({ data: { id: user, phone: user, chatrooms: { create: { id: room } } } });
  return (await acceptance.send(user, room, 'A question?', null)).reply;
}

/** As if the pause had ended just now. */
const endPause = () => database.prisma.modelPause.updateMany({ data: { resumeAt: new Date(Date.now() - 1_000) } });

/** When the model may be tried again. */
const resumeAt = async (): Promise<Date> =>
  (await database.prisma.modelPause.findUniqueOrThrow({ where: { model: MODEL } })).resumeAt;

describe('a paused model', () => {
  it('lets no reply be claimed, and defers each a little more than the one before, for free', async () => {
    await pauses.begin(MODEL, 'model_rate_limited', ASKED);
    const due: number[] = [];
    for (let i = 0; i < 8; i++) {
      const reply = await newReply();
      expect(await store.claim(reply)).toEqual({ type: 'paused', attempt: 0, model: MODEL, origin: expect.anything() });
      expect(await store.defer(reply, 0, MODEL)).toBeGreaterThan(100_000);
      const row = await database.prisma.message.findUniqueOrThrow({ where: { id: reply.id } });
      expect(row).toMatchObject({ status: 'queued', attempt: 0, failures: 0, lastFailure: 'model_rate_limited' });
      due.push(row.dueAt!.getTime());
    }
    const behind = due.map((time) => (time - due[0]!) / 1_000);
    [0, 1, 1.58, 2, 2.32, 2.58, 2.81, 3].forEach((seconds, i) => expect(behind[i]).toBeCloseTo(seconds, 1));
  });

  it('is tried by one reply after the pause, and by all once it has answered', async () => {
    const replies = await Promise.all(Array.from({ length: 10 }, newReply));
    await pauses.begin(MODEL, 'model_rate_limited', MINUTES);
    await endPause();
    const outcomes = await Promise.all(replies.map((reply) => store.claim(reply)));
    expect(outcomes.filter(({ type }) => type === 'claimed')).toMatchObject([
      { claim: { probes: 'model_rate_limited' } },
    ]);
    expect(outcomes.filter(({ type }) => type === 'paused')).toHaveLength(9);

    await pauses.end(MODEL);
    const waiting = replies.filter((_, i) => outcomes[i]!.type === 'paused');
    const now = await Promise.all(waiting.map((reply) => store.claim(reply)));
    expect(now).toMatchObject(waiting.map(() => ({ type: 'claimed', claim: { probes: null } })));
  });

  it('holds up no reply of another model', async () => {
    await pauses.begin('another-model', 'model_unavailable', MINUTES);
    expect(await store.claim(await newReply())).toMatchObject({ type: 'claimed' });
  });

  it('ends a reply whose deadline has passed meanwhile', async () => {
    const reply = await newReply();
    await pauses.begin(MODEL, 'model_rate_limited', { ...MINUTES, floorMs: 600_000 });
    await store.defer(reply, 0, MODEL);
    const past = new Date(Date.now() - 1_000);
    await database.prisma.message.update({ where: { id: reply.id }, data: { deadlineAt: past, dueAt: past } });
    expect(await store.claim(reply)).toMatchObject({
      type: 'claimed',
      claim: { deadlineInMs: -1, lastFailure: 'model_rate_limited' },
    });
  });
});

describe('a reply that waits for a paused model', () => {
  it('waits as well where its worker has died, and what that one used is recorded', async () => {
    const reply = await newReply();
    await store.claim(reply);
    const { userId } = await database.prisma.message.update({
      where: { id: reply.id },
      data: { dueAt: new Date(Date.now() - 1_000) },
    });
    await pauses.begin(MODEL, 'model_rate_limited', ASKED);
    expect(await store.claim(reply)).toEqual({ type: 'paused', attempt: 1, model: MODEL, origin: expect.anything() });
    expect(await store.defer(reply, 1, MODEL)).toBeGreaterThan(100_000);
    expect(await store.claim(reply)).toEqual({ type: 'taken' });
    const row = await database.prisma.message.findUniqueOrThrow({ where: { id: reply.id } });
    expect(row).toMatchObject({ status: 'queued', attempt: 1, dueAt: await resumeAt() });
    const usage = await database.prisma.modelUsage.findMany({ where: { userId: userId! } });
    expect(usage).toMatchObject([{ model: MODEL, purpose: 'reply', calls: 1, estimatedCalls: 1 }]);
  });

  it('waits no longer than its deadline, also where its own call began the pause', async () => {
    const reply = await newReply();
    const outcome = await store.claim(reply);
    if (outcome.type !== 'claimed') throw new Error(outcome.type);
    const dueInMs = await store.release(outcome.claim, 3_600_000, 'model_rate_limited', false);
    expect(dueInMs).toBeGreaterThan(290_000);
    expect(dueInMs).toBeLessThanOrEqual(300_000);
    const { dueAt, deadlineAt } = await database.prisma.message.findUniqueOrThrow({ where: { id: reply.id } });
    expect(dueAt).toEqual(deadlineAt);
  });

  it('has no deadline before its turn in the room comes', async () => {
    const first = await newReply();
    const { chatroomId, userId } = await database.prisma.message.findUniqueOrThrow({ where: { id: first.id } });
    const { reply } = await acceptance.send(userId!, chatroomId, 'And then?', null);
    await pauses.begin(MODEL, 'model_rate_limited', ASKED);
    expect(await store.claim(first)).toMatchObject({ type: 'paused' });
    expect(await store.claim(reply)).toEqual({ type: 'busy' });
  });

  it('has all of its time once the pause is over, if the model was never asked before', async () => {
    const reply = await newReply();
    await pauses.begin(MODEL, 'model_rate_limited', ASKED);
    await store.claim(reply);
    await store.defer(reply, 0, MODEL);
    const past = new Date(Date.now() - 1_000);
    await database.prisma.message.update({ where: { id: reply.id }, data: { deadlineAt: past, dueAt: past } });
    await endPause();
    await pauses.end(MODEL);
    expect(await store.claim(reply)).toMatchObject({ type: 'claimed', claim: { deadlineInMs: 300_000 } });
  });
});

describe('the end of a pause', () => {
  it('is not that of one that began after the call which has answered', async () => {
    await pauses.begin(MODEL, 'model_rate_limited', { ...MINUTES, floorMs: 50_000 });
    await pauses.end(MODEL);
    expect(await pauses.isPaused(MODEL)).toBe(true);
  });
});

describe('the length of a pause', () => {
  it('is what the vendor asks for, and never cut short by a later failure', async () => {
    expect(await pauses.begin(MODEL, 'model_rate_limited', ASKED)).toBeGreaterThan(199_900);
    const asked = await resumeAt();
    expect(await pauses.begin(MODEL, 'model_rate_limited', { ...MINUTES, floorMs: 5_000 })).toBeGreaterThan(100_000);
    expect(await resumeAt()).toEqual(asked);
  });

  it('is what the vendor asks for, too, when a model that seems down is tried', async () => {
    const model = {
      // eslint-disable-next-line require-yield -- it fails before its first piece
      async *stream() {
        throw new ModelError('rate_limited', 'HTTP 429', 50_000, true);
      },
    } as unknown as LanguageModel;
    const recorded = { beginProbe: () => Promise.resolve('a-call'), settle: () => Promise.resolve() };
    const calls = recorded as unknown as ModelCallService;
    const metrics = new ModelMetrics(new Metrics(), loadPlanCatalogue(new CatalogueConfig()));
    expect(await new ModelAvailabilityService(model, pauses, calls, metrics).probe(MODEL)).toBeGreaterThan(49_900);
  });

  it('grows where the vendor asks for nothing, up to a bound, and not by failures of one pause', async () => {
    const lengths: number[] = [];
    for (let i = 0; i < 5; i++) {
      lengths.push(await pauses.begin(MODEL, 'model_rate_limited', MINUTES));
      await pauses.begin(MODEL, 'model_rate_limited', MINUTES);
      await endPause();
    }
    [60_000, 120_000, 240_000, 240_000, 240_000].forEach((least, i) => {
      expect(lengths[i]).toBeGreaterThan(least - 100);
      expect(lengths[i]).toBeLessThan(least * 1.25 + 100);
    });
  });
});
