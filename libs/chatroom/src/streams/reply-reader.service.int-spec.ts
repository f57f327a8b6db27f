import 'reflect-metadata';
import { Database, DatabaseConfig, CrashConfig, CrashPoints, RedisClient, RedisConfig, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { QuotaConfig, QuotaLedger, ExhaustedQuotaCache } from '@app/subscription';
import fc from 'fast-check';
import { eventually } from '../../../../test/support/eventually.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../../../../test/support/services.js';
import { TcpProxy } from '../../../../test/support/tcp-proxy.js';
import { MessageAcceptance } from '../sending/message-acceptance.store.js';
import { MessageStore } from '../messages/message.store.js';
import { ReplyLog, type ReplyLogWriter } from './reply.log.js';
import { parsePosition, type ReplyEvent, ReplyReader } from './reply-reader.service.js';
import { ReplySignals } from './reply-signals.service.js';
import { ReplyConfig } from '../replies/reply.config.js';
import { type ClaimedReply, ReplyStore } from '../../../gemini/src/replies/reply.store.js';

let testDatabase: TestDatabase;
let database: Database;
let redis: RedisClient;
let log: ReplyLog;
let store: ReplyStore;
let acceptance: MessageAcceptance;
let messages: MessageStore;
/** Two API processes. */
let replicas: { signals: ReplySignals; reader: ReplyReader }[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { host, port, db } = await testRedis();
  const redisConfig = Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db });
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  redis = new RedisClient(redisConfig);
  await eventually(() => redis.status === 'ready');
  const clock = new SystemClock();
  const quota = Object.assign(new QuotaConfig(), { BASIC_DAILY_MESSAGES: 1_000 });
  acceptance = new MessageAcceptance(
    database,
    clock,
    quota,
    new QuotaLedger(database, clock, quota),
    new ExhaustedQuotaCache(),
  );
  store = new ReplyStore(database, clock, new ReplyConfig(), new CrashPoints(new CrashConfig()));
  log = new ReplyLog(redis);
  messages = new MessageStore(database);
  replicas = [1, 2].map(() => {
    const signals = new ReplySignals(messages, redisConfig);
    return { signals, reader: new ReplyReader(messages, log, signals) };
  });
});

afterAll(async () => {
  for (const { signals } of replicas) signals.onApplicationShutdown();
  redis.onApplicationShutdown();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

interface Owned {
  userId: string;
  chatroomId: string;
  replyId: string;
}

async function accept(): Promise<Owned> {
  const [userId, chatroomId] = [uuidv7(), uuidv7()];
  await database.prisma.user.create({ data: { id: userId, phone: userId, chatrooms: { create: { id: chatroomId } } } });
  const { reply } = await acceptance.send(userId, chatroomId, 'A question?', null);
  return { userId, chatroomId, replyId: reply.id };
}

/** A client as an app would write one: it adds deltas up, forgets on reset, and rejoins with or without its place. */
class Client {
  text = '';
  done: ReplyEvent | undefined;
  private lastEventId: string | undefined;
  private gone = new AbortController();
  private reading: Promise<void> = Promise.resolve();

  constructor(private readonly owned: Owned) {}

  join(replica: number, keepPlace: boolean): void {
    if (this.done !== undefined) return;
    if (!keepPlace) [this.text, this.lastEventId] = ['', undefined];
    this.gone = new AbortController();
    this.reading = this.read(replicas[replica]?.reader as ReplyReader, this.gone.signal);
  }

  async drop(): Promise<void> {
    this.gone.abort();
    await this.reading;
  }

  async finished(): Promise<this> {
    await this.reading;
    return this;
  }

  private async read(reader: ReplyReader, gone: AbortSignal): Promise<void> {
    for await (const event of reader.read({ ...this.owned, from: parsePosition(this.lastEventId) }, gone)) {
      if (gone.aborted) return;
      this.lastEventId = event.id;
      if (event.event === 'delta') this.text += event.data.text;
      if (event.event === 'reset') this.text = '';
      if (event.event === 'done') this.done = event;
    }
  }
}

/** A worker's hand on the reply, as the processor moves it. */
class Writer {
  text = '';

  private constructor(
    readonly claim: ClaimedReply,
    private readonly writer: ReplyLogWriter,
  ) {}

  static async begin({ replyId }: Owned): Promise<Writer> {
    const claim = await store.claim(replyId);
    if (claim === null) throw new Error('The reply is held by another worker');
    return new Writer(claim, log.open(claim.id, claim.fence));
  }

  append(text: string): void {
    this.text += text;
    this.writer.append(text);
  }

  async storeProgress(): Promise<void> {
    await store.beat([{ id: this.claim.id, fence: this.claim.fence, content: this.text }]);
  }

  /** As if its worker had died: the reply is due again, nobody was told. */
  async die(): Promise<void> {
    await database.prisma.message.update({
      where: { id: this.claim.id },
      data: { dueAt: new Date(Date.now() - 1_000) },
    });
  }

  async finish(status: 'completed' | 'cancelled' | 'failed', { silently = false } = {}): Promise<void> {
    await this.writer.flushed();
    const error = status === 'failed' ? { code: 'reply_truncated' as const, detail: 'It broke off.' } : null;
    await store.finish(this.claim, { status, content: this.text, model: null, finishReason: null, usage: null, error });
    if (!silently) await log.done(this.claim.id, this.claim.fence);
  }
}

const piece = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('append' as const), text: piece }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('join' as const),
      client: fc.nat({ max: 3 }),
      replica: fc.nat({ max: 1 }),
      keepPlace: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('die' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('store' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pause' as const) }) },
);
const ending = fc.record({
  status: fc.constantFrom('completed' as const, 'cancelled' as const, 'failed' as const),
  /** Nobody is told, as when Redis is away: found out only by looking, which takes a second. */
  silently: fc.nat({ max: 9 }).map((roll) => roll === 0),
});

describe('the law of streams', () => {
  it('holds for every reader, however readers, workers, replicas and Redis come and go', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), ending, async (actions, end) => {
        const owned = await accept();
        const clients = [0, 1, 2, 3].map(() => new Client(owned));
        clients[0]?.join(0, false);
        let writer = await Writer.begin(owned);
        for (const step of actions) {
          if (step.type === 'append') writer.append(step.text);
          if (step.type === 'store') await writer.storeProgress();
          if (step.type === 'flush') await redis.flushdb();
          if (step.type === 'pause') await new Promise(setImmediate);
          if (step.type === 'die') {
            await writer.die();
            writer = await Writer.begin(owned);
          }
          if (step.type === 'join') {
            await clients[step.client]?.drop();
            clients[step.client]?.join(step.replica, step.keepPlace);
          }
        }
        await writer.finish(end.status, end);
        for (const client of clients.slice(1)) {
          await client.drop();
          client.join(1, true);
        }
        const stored = await database.prisma.message.findUniqueOrThrow({ where: { id: owned.replyId } });
        for (const client of clients) {
          await client.finished();
          expect(client.done?.data).toMatchObject({ content: stored.content, status: end.status });
          expect(client.text).toBe(stored.content);
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
  }, 120_000);

  it('sends each word once and as it comes to a reader who stays', async () => {
    const owned = await accept();
    const events: string[] = [];
    const reading = (async () => {
      for await (const event of replicas[0]!.reader.read({ ...owned, from: null }, new AbortController().signal)) {
        events.push(event.event === 'delta' ? event.data.text : event.event);
      }
    })();
    const writer = await Writer.begin(owned);
    for (const word of ['Because', ' the', ' air', ' 🌍']) {
      writer.append(word);
      await eventually(() => events.includes(word));
    }
    await writer.finish('completed');
    await reading;
    expect(events).toEqual(['Because', ' the', ' air', ' 🌍', 'done']);
  });

  it('does not wait for a Redis that has gone silent', async () => {
    const { host, port, db } = await testRedis();
    const network = await TcpProxy.to(host, port);
    const behind = { REDIS_HOST: '127.0.0.1', REDIS_PORT: network.port, REDIS_DB: db };
    const signals = new ReplySignals(messages, Object.assign(new RedisConfig(), behind));
    const reader = new ReplyReader(messages, log, signals);
    const read = async (owned: Owned): Promise<string[]> => {
      const events: string[] = [];
      for await (const { event } of reader.read({ ...owned, from: null }, new AbortController().signal)) {
        events.push(event);
      }
      return events;
    };
    const replies = [await accept(), await accept()];
    for (const owned of replies) {
      const writer = await Writer.begin(owned);
      writer.append('Because');
      await writer.finish('completed');
    }
    expect(await read(replies[0]!)).toEqual(['delta', 'done']);
    await eventually(() => signals['subscriber'].status === 'ready');
    network.set('half-open');
    expect(await read(replies[1]!)).toEqual(['delta', 'done']);

    const owned = await accept();
    const writer = await Writer.begin(owned);
    const words: string[] = [];
    const reading = (async () => {
      for await (const event of reader.read({ ...owned, from: null }, new AbortController().signal)) {
        words.push(event.event === 'delta' ? event.data.text : event.event);
      }
    })();
    network.set('well');
    // The connection is replaced by itself; from then on each word comes at once again.
    await eventually(() => signals['subscriber'].status !== 'ready');
    await eventually(() => signals['subscriber'].status === 'ready');
    writer.append('Because');
    await eventually(() => words.includes('Because'));
    await writer.finish('completed');
    await reading;
    signals.onApplicationShutdown();
    await network.close();
  });

  it('tells a reader with an id that it never had to forget everything', async () => {
    const owned = await accept();
    const writer = await Writer.begin(owned);
    writer.append('äöü');
    await writer.finish('completed');
    for (const lastEventId of ['1-1', '1-999', '7-0', 'nonsense', '-1', '9999999999-1']) {
      const events: ReplyEvent[] = [];
      const reading = { ...owned, from: parsePosition(lastEventId) };
      for await (const event of replicas[0]!.reader.read(reading, new AbortController().signal)) events.push(event);
      expect(events.map(({ event }) => event)).toEqual(['reset', 'delta', 'done']);
    }
  });
});
