import 'reflect-metadata';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SessionRevocationService } from '@app/auth';
import { AccessTokenConfig, SessionStore } from '@app/auth/testing';
import { ReplyStreamConfig } from '@app/chatroom';
import {
  MessageStore,
  ReplyLogStore,
  ReplyReaderService,
  ReplySignalService,
  type ReplySink,
  ReplyStreamService,
} from '@app/chatroom/testing';
import { replyChannel } from '@app/contracts';
import {
  Database,
  DatabaseConfig,
  Metrics,
  RedisClient,
  RedisConfig,
  RedisSubscriber,
  StreamMetrics,
  uuidv7,
} from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { withLongTimeout } from '../support/deployments/redis-connections.js';
import { eventually } from '../support/eventually.js';
import { claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../support/services.js';

/** More than are told of a signal in one turn of the event loop. */
const READERS = 600;
/** How many turns it takes. Those of one turn share a read of the log; so do later ones, if it is still under way. */
const TURNS = 3;

/** How often the stores were read. */
const reads = { row: 0, log: 0 };

class CountedMessageStore extends MessageStore {
  override find(...of: Parameters<MessageStore['find']>): ReturnType<MessageStore['find']> {
    reads.row++;
    return super.find(...of);
  }
}

class CountedReplyLogStore extends ReplyLogStore {
  override read(...of: Parameters<ReplyLogStore['read']>): ReturnType<ReplyLogStore['read']> {
    reads.log++;
    return super.read(...of);
  }
}

let testDatabase: TestDatabase;
let database: Database;
let redis: RedisClient;
/** Sends what the product has no need of. */
let raw: Redis;
let subscriber: RedisSubscriber;
let log: ReplyLogStore;
let signals: ReplySignalService;
let readers: ReplyReaderService;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { host, port, db } = await testRedis();
  const redisConfig = Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db });
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  redis = withLongTimeout(new RedisClient(redisConfig));
  await eventually(() => redis.status === 'ready');
  raw = new Redis({ host, port, db });
  subscriber = new RedisSubscriber(redisConfig);
  log = new CountedReplyLogStore(redis);
  const messages = new CountedMessageStore(database);
  signals = new ReplySignalService(messages, subscriber);
  readers = new ReplyReaderService(messages, log, signals);
  subscriber.onApplicationBootstrap();
});

afterAll(async () => {
  subscriber.onApplicationShutdown();
  redis.onApplicationShutdown();
  raw.disconnect();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/**
 * A reply that is being written. Its channel is subscribed to already: readers that had to wait long for that would read the stores
 * once more after it.
 */
async function writtenReply() {
  const [userId, chatroomId] = [uuidv7(), uuidv7()];
  await database.prisma.user.create({ data: { id: userId, phone: userId, chatrooms: { create: { id: chatroomId } } } });
  const { acceptance, replies } = messageAcceptance(database, new SystemClock(), 1_000);
  const { reply } = await acceptance.send(userId, chatroomId, 'A question?', null);
  const claim = await claimReply(replies, reply.id);
  if (claim === null) throw new Error('The reply is held by another worker');
  const subscription = subscriber.subscribe(replyChannel(reply.id), { onMessage: () => undefined });
  await eventually(() => subscription.isLive());
  const writer = log.open(claim.id, claim.attempt);
  const finish = async (content: string): Promise<void> => {
    await writer.flushed();
    const how = { status: 'completed', model: null, finishReason: null, usage: null, error: null } as const;
    await replies.finish(claim, { ...how, content });
    await log.done(claim.id, claim.attempt);
  };
  return { target: { userId, chatroomId, replyId: reply.id }, writer, finish };
}
type WrittenReply = Awaited<ReturnType<typeof writtenReply>>;

/** Keeps the frames that it takes. */
class Frames implements ReplySink {
  isFull = false;
  ended = false;
  readonly taken: Buffer[] = [];

  get text(): string {
    const events = this.taken.map((frame) => /^event: (\w+)\n.*\ndata: (.*)\n\n$/s.exec(frame.toString()) ?? []);
    const deltas = events
      .filter(([, event]) => event === 'delta')
      .map(([, , data]) => JSON.parse(data ?? '') as object);
    return deltas.map((data) => (data as { text: string }).text).join('');
  }

  write(frame: Buffer): void {
    this.taken.push(frame);
  }

  end(): void {
    this.ended = true;
  }
}

async function read({ target }: WrittenReply) {
  const reading = await readers.open(target);
  if (reading === null) throw new Error('There is no such reply');
  const frames = new Frames();
  reading.reader.begin(reading.opened, null, frames);
  return { reader: reading.reader, frames };
}

describe('many readers of one reply', () => {
  it('share what is read for them, and the bytes that are sent to them', async () => {
    const written = await writtenReply();
    Object.assign(reads, { row: 0, log: 0 });
    const all = await Promise.all(Array.from({ length: READERS }, () => read(written)));
    expect(reads.row).toBeLessThan(READERS / 10);

    written.writer.append('Because');
    await eventually(() => all.every(({ frames }) => frames.taken.length === 1));
    expect(reads.log).toBeLessThan(READERS / 10);
    reads.row = 0;
    await written.finish('Because');
    await eventually(() => all.every(({ frames }) => frames.ended));
    expect(reads.row).toBe(1);
    const [first] = all;
    for (const { frames } of all) {
      expect(frames.taken).toHaveLength(2);
      // The same bytes, not equal ones.
      expect(frames.taken[0]).toBe(first?.frames.taken[0]);
      expect(frames.taken[1]).toBe(first?.frames.taken[1]);
    }
    for (const { reader } of all) readers.close(reader);
  });

  it('read the stores together after a gap', async () => {
    const written = await writtenReply();
    const all = await Promise.all(Array.from({ length: READERS }, () => read(written)));
    written.writer.append('Because');
    await eventually(() => all.every(({ frames }) => frames.text === 'Because'));
    Object.assign(reads, { row: 0, log: 0 });
    // As when messages of Redis were lost on their way.
    const { feed } = all[0]!.reader;
    await raw.append(`reply:{${written.target.replyId}}:1:text`, ' the air');
    feed.put({ type: 'resync' });
    await eventually(() => all.every(({ frames }) => frames.text === 'Because the air'));
    expect(reads.row).toBe(1);
    expect(reads.log).toBeLessThanOrEqual(TURNS);
    expect(new Set(all.map(({ frames }) => frames.taken[1])).size).toBeLessThanOrEqual(TURNS);
    for (const { reader } of all) readers.close(reader);
    expect(signals['followed'].size).toBe(0);
  });
});

describe('readers that are opened together', () => {
  it('of a finished reply are told of its row once', async () => {
    const written = await writtenReply();
    await written.finish('Because');
    reads.row = 0;
    const all = await Promise.all(Array.from({ length: READERS }, () => read(written)));
    expect(all.every(({ frames }) => frames.ended && frames.text === 'Because')).toBe(true);
    expect(reads.row).toBeLessThan(READERS / 10);
    expect(all[0]!.reader.feed.end.number).toBeLessThan(READERS / 10);
    for (const { reader } of all) readers.close(reader);
  });
});

describe('a slow reader', () => {
  it('is not waited for, has nothing kept for it beyond a number of signals, and misses nothing', async () => {
    const written = await writtenReply();
    const slow = await read(written);
    const quick = await read(written);
    slow.frames.isFull = true;
    reads.row = 0;
    let text = '';
    for (let n = 0; n < 100; n++) {
      text += `${n} `;
      written.writer.append(`${n} `);
      // So that each is a signal of its own.
      await written.writer.flushed();
    }
    await eventually(() => quick.frames.text === text);
    expect(slow.frames.taken).toEqual([]);
    // It asks for nothing that it can't take.
    expect(reads.row).toBe(0);
    const { feed } = slow.reader;
    let kept = 0;
    for (let next = slow.reader['place'].behind; next !== null; next = next.place.behind) kept++;
    expect(kept).toBeLessThanOrEqual(64);
    slow.frames.isFull = false;
    slow.reader.advance();
    await eventually(() => slow.frames.text === text);
    expect(slow.frames.taken).toHaveLength(1);
    expect(feed.listeners.size).toBe(2);
    for (const { reader } of [slow, quick]) readers.close(reader);
  });
});

describe('many streams', () => {
  it('have one timer', async () => {
    const written = await writtenReply();
    const { userId } = written.target;
    const config = Object.assign(new ReplyStreamConfig(), { STREAMS_PER_USER: 100 });
    const revocations = new SessionRevocationService(
      new SessionStore(database),
      redis,
      subscriber,
      new AccessTokenConfig(),
    );
    const service = new ReplyStreamService(readers, revocations, config, new StreamMetrics(new Metrics()));
    const server = fastify();
    const user = { userId, sessionId: uuidv7() };
    server.get('/stream', (_request, http) => service.stream(http, user, written.target, undefined));
    await server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = server.server.address() as AddressInfo;
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const responses = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const [response] = (await once(get({ port, path: '/stream', agent: false }), 'response')) as [IncomingMessage];
        return response.resume();
      }),
    );
    expect(responses.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect(timers() - before).toBeLessThan(10);
    const ended = responses.map((response) => once(response, 'end'));
    service.onModuleDestroy();
    await Promise.all(ended);
    // What is asked for until the server is closed would keep that waiting.
    const [late] = (await once(get({ port, path: '/stream', agent: false }), 'response')) as [IncomingMessage];
    await once(late.resume(), 'end');
    await server.close();
    expect(service['openByUser'].size).toBe(0);
  });
});
