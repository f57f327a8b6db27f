import 'reflect-metadata';
import {
  type MessageAcceptanceStore,
  MessageStore,
  parsePosition,
  type ReplyEvent,
  ReplyLogStore,
  type ReplyLogWriter,
  ReplyReaderService,
  ReplySignalService,
  type ReplySink,
} from '@app/chatroom/testing';
import { replyLogKey, thoughtLogKey } from '@app/contracts';
import { type ClaimedReply, type FinalReply, type ReplyStore } from '@app/gemini/testing';
import { Database, DatabaseConfig, RedisClient, RedisConfig, RedisSubscriber, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { withLongTimeout } from '../support/deployments/redis-connections.js';
import { eventually } from '../support/eventually.js';
import { claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../support/services.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';

let testDatabase: TestDatabase;
let database: Database;
let redis: RedisClient;
/** Sends what the product has no need of. */
let raw: Redis;
let log: ReplyLogStore;
let store: ReplyStore;
let acceptance: MessageAcceptanceStore;
let messages: MessageStore;
/** Two API processes. */
let replicas: Replica[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { host, port, db } = await testRedis();
  const redisConfig = Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db });
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  redis = withLongTimeout(new RedisClient(redisConfig));
  await eventually(() => redis.status === 'ready');
  raw = new Redis({ host, port, db });
  const clock = new SystemClock();
  ({ acceptance, replies: store } = messageAcceptance(database, clock, 1_000));
  log = new ReplyLogStore(redis);
  messages = new MessageStore(database);
  replicas = [1, 2].map(() => startReplica(redisConfig));
});

afterAll(async () => {
  for (const replica of replicas) replica.stop();
  redis.onApplicationShutdown();
  raw.disconnect();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** What an API process has for its readers. */
interface Replica {
  subscriber: RedisSubscriber;
  reader: ReplyReaderService;
  stop: () => void;
}

function startReplica(config: RedisConfig): Replica {
  const subscriber = new RedisSubscriber(config);
  const signals = new ReplySignalService(messages, subscriber);
  subscriber.onApplicationBootstrap();
  signals.onApplicationBootstrap();
  const stop = (): void => {
    signals.onApplicationShutdown();
    subscriber.onApplicationShutdown();
  };
  return { subscriber, reader: new ReplyReaderService(messages, log, signals), stop };
}

/** A reply's events from a position on, as a stream that takes one at a time is sent them. */
async function* follow(
  readers: ReplyReaderService,
  owned: Owned,
  lastEventId?: string,
  abort = new AbortController().signal,
): AsyncGenerator<ReplyEvent> {
  const reading = await readers.open(owned);
  if (reading === null) return;
  const { reader, opened } = reading;
  const frames: Buffer[] = [];
  let ended = abort.aborted;
  let wake = (): void => undefined;
  const end = (): void => {
    ended = true;
    wake();
  };
  abort.addEventListener('abort', end);
  const sink: ReplySink = {
    get isFull() {
      return frames.length > 0 || ended;
    },
    write: (frame) => {
      frames.push(frame);
      wake();
    },
    end,
  };
  try {
    reader.begin(opened, parsePosition(owned.replyId, lastEventId), sink);
    while (!ended || frames.length > 0) {
      const frame = frames.shift();
      if (frame !== undefined) yield eventOf(frame);
      else await new Promise<void>((resolve) => (wake = resolve));
      reader.advance();
    }
  } finally {
    readers.close(reader);
  }
}

function eventOf(frame: Buffer): ReplyEvent {
  const events: unknown[] = [];
  const parser = createParser({ onEvent: ({ event, id, data }) => events.push({ event, id, data: JSON.parse(data) }) });
  parser.feed(frame.toString());
  expect(events).toHaveLength(1);
  return events[0] as ReplyEvent;
}

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
  thoughts = '';
  sources: ReplyEvent | undefined;
  done: ReplyEvent | undefined;
  private lastEventId: string | undefined;
  private abort = new AbortController();
  private reading: Promise<void> = Promise.resolve();

  constructor(private readonly owned: Owned) {}

  join(replica: number, keepPlace: boolean): void {
    if (this.done !== undefined) return;
    if (!keepPlace) [this.text, this.thoughts, this.lastEventId] = ['', '', undefined];
    this.abort = new AbortController();
    this.reading = this.read(replicas[replica]?.reader as ReplyReaderService, this.abort.signal);
  }

  async drop(): Promise<void> {
    this.abort.abort();
    await this.reading;
  }

  async finished(): Promise<this> {
    await this.reading;
    return this;
  }

  private async read(reader: ReplyReaderService, abort: AbortSignal): Promise<void> {
    for await (const event of follow(reader, this.owned, this.lastEventId, abort)) {
      if (abort.aborted) return;
      this.lastEventId = event.id;
      if (event.event === 'delta') this.text += event.data.text;
      if (event.event === 'thought') this.thoughts += event.data.text;
      if (event.event === 'sources') this.sources = event;
      if (event.event === 'reset') [this.text, this.thoughts, this.sources] = ['', '', undefined];
      if (event.event === 'done') this.done = event;
    }
  }
}

/** A worker's hand on the reply, as the processor moves it. */
class Writer {
  text = '';
  thoughts = '';

  private constructor(
    readonly claim: ClaimedReply,
    private readonly writer: ReplyLogWriter,
  ) {}

  static async begin({ replyId }: Owned): Promise<Writer> {
    const claim = await claimReply(store, replyId);
    if (claim === null) throw new Error('The reply is held by another worker');
    return new Writer(claim, log.open(claim.id, claim.attempt));
  }

  append(text: string): void {
    this.text += text;
    this.writer.append(text);
  }

  think(thought: string): void {
    this.thoughts += thought;
    this.writer.appendThought(thought);
  }

  /** Pieces of before and after this go out apart. */
  async written(): Promise<void> {
    await this.writer.flushed();
  }

  async storeProgress(): Promise<void> {
    await store.extend([{ ...this.claim, content: this.text, thoughts: this.thoughts }]);
  }

  /** As if its worker had died: the reply is due again, and no reader was told. */
  async die(): Promise<void> {
    await database.prisma.message.update({
      where: { id: this.claim.id },
      data: { dueAt: new Date(Date.now() - 1_000) },
    });
  }

  async finish(
    status: 'completed' | 'cancelled' | 'failed',
    { silently = false, grounding = null as FinalReply['grounding'] } = {},
  ): Promise<void> {
    await this.writer.flushed();
    const error = status === 'failed' ? { code: 'reply_truncated' as const, detail: 'It broke off.' } : null;
    const { text: content, thoughts } = this;
    const how = { status, model: null, finishReason: null, usage: null, error, grounding };
    await store.finish(this.claim, { ...how, content, thoughts: thoughts === '' ? null : thoughts });
    if (!silently) await log.done(this.claim.id, this.claim.attempt);
  }
}

const piece = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('append' as const), text: piece }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('think' as const), text: piece }) },
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
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('lose' as const), key: fc.constantFrom(replyLogKey, thoughtLogKey) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('store' as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('write' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pause' as const) }) },
);
const ending = fc.record({
  status: fc.constantFrom('completed' as const, 'cancelled' as const, 'failed' as const),
  /** No reader is told, as when Redis is away: the poll finds it within a second. */
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
          if (step.type === 'think') writer.think(step.text);
          if (step.type === 'lose') await raw.del(step.key(owned.replyId, writer.claim.attempt));
          if (step.type === 'store') await writer.storeProgress();
          if (step.type === 'write') await writer.written();
          if (step.type === 'flush') await raw.flushdb();
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
          expect(client.thoughts).toBe(stored.thoughts ?? '');
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
  }, 120_000);

  it('sends each word once and as it comes to a reader who stays', async () => {
    const owned = await accept();
    const events: string[] = [];
    const reading = (async () => {
      for await (const event of follow(replicas[0]!.reader, owned)) {
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

  it('brings a reader each kind by itself: what it lacks of one when it has all of the other', async () => {
    const owned = await accept();
    const client = new Client(owned);
    const writer = await Writer.begin(owned);
    client.join(0, true);
    writer.think('Wéll.');
    await eventually(() => client.thoughts === 'Wéll.');
    await client.drop();
    writer.append('Because');
    writer.think(' So.');
    await writer.written();
    client.join(1, true);
    await eventually(() => client.text === 'Because' && client.thoughts === 'Wéll. So.');
    // Both are away from Redis, and only text follows: the log of thoughts is there again with it.
    await client.drop();
    await raw.flushdb();
    writer.append(' the air');
    await writer.written();
    client.join(0, false);
    await eventually(() => client.text === 'Because the air' && client.thoughts === 'Wéll. So.');
    await raw.flushdb();
    writer.think(' 🌍');
    await eventually(() => client.thoughts === 'Wéll. So. 🌍');
    await writer.finish('completed');
    await client.finished();
    expect(client).toMatchObject({ text: 'Because the air', thoughts: 'Wéll. So. 🌍', sources: undefined });
  });

  it('brings the sources right before the end, from wherever one reads', async () => {
    const owned = await accept();
    const writer = await Writer.begin(owned);
    writer.think('Well.');
    writer.append('Because');
    await writer.written();
    const source = { title: 'one.example', uri: 'https://one.example/', ranges: [{ start: 0, end: 7 }] };
    const grounding = { sources: [source], searchQueries: ['Why?'] };
    await writer.finish('completed', { grounding });
    const tag = owned.replyId.slice(-12);
    const read = async (lastEventId?: string): Promise<ReplyEvent[]> => {
      const events: ReplyEvent[] = [];
      for await (const event of follow(replicas[0]!.reader, owned, lastEventId)) events.push(event);
      return events;
    };
    const all = await read();
    expect(all.map(({ event, id }) => `${event} ${id}`)).toEqual([
      `thought 1-0.5-${tag}`,
      `delta 1-7.5-${tag}`,
      `sources 1-7.5-${tag}`,
      `done done-${tag}`,
    ]);
    expect(all[2]?.data).toEqual(grounding);
    expect(all[3]?.data).toMatchObject({ thoughts: 'Well.', ...grounding });
    expect(await read(`1-7.5-${tag}`)).toEqual(all.slice(2));
    expect((await read(`1-3-${tag}`)).map(({ data }) => 'text' in data && data.text)).toEqual([
      'Well.',
      'ause',
      false,
      false,
    ]);
  });

  it('does not wait for a Redis that has fallen silent', async () => {
    const { host, port, db } = await testRedis();
    const network = await TcpProxy.to(host, port);
    const behind = { REDIS_HOST: '127.0.0.1', REDIS_PORT: network.port, REDIS_DB: db };
    const { subscriber, reader, stop } = startReplica(Object.assign(new RedisConfig(), behind));
    const read = async (owned: Owned): Promise<string[]> => {
      const events: string[] = [];
      for await (const { event } of follow(reader, owned)) {
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
    await eventually(() => subscriber['connection'].status === 'ready');
    const replaced = new Promise((resolve) => subscriber['connection'].once('close', resolve));
    network.set('half-open');
    expect(await read(replies[1]!)).toEqual(['delta', 'done']);

    const owned = await accept();
    const writer = await Writer.begin(owned);
    const words: string[] = [];
    const reading = (async () => {
      for await (const event of follow(reader, owned)) {
        words.push(event.event === 'delta' ? event.data.text : event.event);
      }
    })();
    network.set('well');
    // The connection is replaced by itself; from then on each word comes at once again.
    await replaced;
    await eventually(() => subscriber['connection'].status === 'ready');
    writer.append('Because');
    await eventually(() => words.includes('Because'));
    await writer.finish('completed');
    await reading;
    stop();
    await network.close();
  });

  it('tells a reader with an id that it never had to forget everything', async () => {
    const owned = await accept();
    const writer = await Writer.begin(owned);
    writer.append('äöü');
    await writer.finish('completed');
    const ofThis = owned.replyId.slice(-12);
    const ids = ['1-1', '1-999', '1-0.3', '7-0', '-1', '9999999999-1'].map((id) => `${id}-${ofThis}`);
    for (const lastEventId of [...ids, 'nonsense', '1-0', `1-0-${uuidv7().slice(-12)}`]) {
      const events: ReplyEvent[] = [];
      for await (const event of follow(replicas[0]!.reader, owned, lastEventId)) events.push(event);
      expect(events.map(({ event }) => event)).toEqual(['reset', 'delta', 'done']);
    }
  });
});
