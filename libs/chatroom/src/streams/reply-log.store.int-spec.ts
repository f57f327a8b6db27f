import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { replyChannel, replyLogKey, type ReplySignal, thoughtLogKey, type WrittenKind } from '@app/contracts';
import { RedisClient, RedisConfig } from '@app/platform';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { withLongTimeout } from '../../../../test/support/deployments/redis-connections.js';
import { eventually } from '../../../../test/support/eventually.js';
import { testRedis } from '../../../../test/support/services.js';
import { LOG_SECONDS, ReplyLogStore, type ReplyLogWriter } from './reply-log.store.js';

type Written = ReplySignal & { type: WrittenKind };

let client: RedisClient;
/** Sends what the product has no need of. */
let raw: Redis;
let subscriber: Redis;
let log: ReplyLogStore;

beforeAll(async () => {
  const target = await testRedis();
  const env = { REDIS_HOST: target.host, REDIS_PORT: target.port, REDIS_DB: target.db };
  client = withLongTimeout(new RedisClient(Object.assign(new RedisConfig(), env)));
  await eventually(() => client.status === 'ready');
  raw = new Redis(target);
  subscriber = new Redis(target).setMaxListeners(0);
  log = new ReplyLogStore(client);
});

afterAll(() => {
  client.disconnect();
  raw.disconnect();
  subscriber.disconnect();
});

interface OpenLog {
  replyId: string;
  key: string;
  thoughtKey: string;
  writer: ReplyLogWriter;
  /** What readers were told, in order. */
  told: Written[];
  stop: () => Promise<void>;
}

async function openLog(): Promise<OpenLog> {
  const replyId = randomUUID();
  const channel = replyChannel(replyId);
  const told: Written[] = [];
  const onMessage = (from: string, message: string): void => {
    if (from === channel) told.push(JSON.parse(message) as Written);
  };
  subscriber.on('message', onMessage);
  await subscriber.subscribe(channel);
  const stop = async (): Promise<void> => {
    subscriber.off('message', onMessage);
    await subscriber.unsubscribe(channel);
  };
  const [key, thoughtKey] = [replyLogKey(replyId, 1), thoughtLogKey(replyId, 1)];
  return { replyId, key, thoughtKey, writer: log.open(replyId, 1), told, stop };
}

describe('the log of a reply', () => {
  it('has the first piece at once, and those that follow closely together', async () => {
    const { key, writer, told, stop } = await openLog();
    for (const piece of ['Because', ' the', ' air', ' is']) writer.append(piece);
    await eventually(() => told.length === 2);
    writer.append(' thin');
    await writer.flushed();
    await eventually(() => told.length === 3);
    expect(told).toEqual([
      { type: 'delta', attempt: 1, offset: 0, text: 'Because' },
      { type: 'delta', attempt: 1, offset: 7, text: ' the air is' },
      { type: 'delta', attempt: 1, offset: 18, text: ' thin' },
    ]);
    expect(await raw.get(key)).toBe('Because the air is thin');
    await stop();
  });

  it('is written to at most forty times a second', async () => {
    const { key, writer, told, stop } = await openLog();
    const begun = performance.now();
    let pieces = 0;
    // Long enough for pauses that are a little too short to add up.
    while (performance.now() - begun < 2_500) {
      writer.append('word ');
      await new Promise(setImmediate);
      if (pieces++ % 2 === 0) await raw.ping();
    }
    await writer.flushed();
    const intervals = (performance.now() - begun) / 25;
    await eventually(() => told.map(({ text }) => text).join('') === 'word '.repeat(pieces));
    expect(told.length).toBeLessThanOrEqual(intervals + 2);
    expect(await raw.get(key)).toBe('word '.repeat(pieces));
    await stop();
  });

  it('lives on for a quarter of an hour, renewed once a minute', async () => {
    const { key, writer, stop } = await openLog();
    writer.append('Because');
    await writer.flushed();
    expect(await raw.ttl(key)).toBeGreaterThan(LOG_SECONDS - 10);
    for (const [left, renewed] of [
      [LOG_SECONDS - 30, false],
      [LOG_SECONDS - 90, true],
    ] as const) {
      await raw.expire(key, left);
      writer.append(' the air');
      await writer.flushed();
      expect((await raw.ttl(key)) > left).toBe(renewed);
    }
    await stop();
  });

  it('has thoughts beside the text, each with offsets of its own, in the order in which they came', async () => {
    const { key, thoughtKey, writer, told, stop } = await openLog();
    writer.appendThought('Wéll.');
    await writer.flushed();
    writer.append('Because');
    writer.appendThought(' So.');
    await writer.flushed();
    writer.appendThought(' Or');
    writer.append(' the');
    writer.appendThought(' not.');
    writer.append(' air');
    await writer.flushed();
    await eventually(() => told.length === 6);
    expect(told).toEqual([
      { type: 'thought', attempt: 1, offset: 0, text: 'Wéll.' },
      { type: 'delta', attempt: 1, offset: 0, text: 'Because' },
      { type: 'thought', attempt: 1, offset: 6, text: ' So.' },
      { type: 'thought', attempt: 1, offset: 10, text: ' Or' },
      { type: 'delta', attempt: 1, offset: 7, text: ' the air' },
      { type: 'thought', attempt: 1, offset: 13, text: ' not.' },
    ]);
    expect(await raw.mget(key, thoughtKey)).toEqual(['Because the air', 'Wéll. So. Or not.']);
    await stop();
  });

  it('is read from a position on, of each kind from its own', async () => {
    const { replyId, writer, stop } = await openLog();
    const read = async (offset: number, thoughtOffset: number, attempt = 1): Promise<(string | undefined)[]> => {
      const { delta, thought } = await log.read(replyId, { attempt, offset, thoughtOffset });
      return [delta?.toString(), thought?.toString()];
    };
    writer.append('Because');
    await writer.flushed();
    expect(await read(2, 0)).toEqual(['cause', undefined]);
    writer.appendThought('Well.');
    await writer.flushed();
    expect(await read(2, 1)).toEqual(['cause', 'ell.']);
    expect(await read(7, 9)).toEqual([undefined, undefined]);
    expect(await read(0, 0, 2)).toEqual([undefined, undefined]);
    await stop();
  });

  it('is there again with the thoughts before it once there is more text, when Redis has lost both', async () => {
    const { key, thoughtKey, writer, stop } = await openLog();
    writer.appendThought('Well.');
    writer.append('Because');
    await writer.flushed();
    await raw.del(key, thoughtKey);
    writer.append(' the air');
    await writer.flushed();
    expect(await raw.mget(key, thoughtKey)).toEqual(['Because the air', 'Well.']);
    expect(await raw.ttl(thoughtKey)).toBeGreaterThan(LOG_SECONDS - 10);
    await stop();
  });

  it('keeps the thoughts alive for as long as the text is written, and makes no log where there are none', async () => {
    const { key, thoughtKey, writer, stop } = await openLog();
    writer.append('Because');
    await writer.flushed();
    await raw.del(key);
    writer.append(' the');
    await writer.flushed();
    expect(await raw.exists(thoughtKey)).toBe(0);
    writer.appendThought('Well.');
    await writer.flushed();
    for (const each of [key, thoughtKey]) await raw.expire(each, LOG_SECONDS - 90);
    writer.append(' air');
    await writer.flushed();
    for (const each of [key, thoughtKey]) expect(await raw.ttl(each)).toBeGreaterThan(LOG_SECONDS - 60);
    await stop();
  });

  it('is removed with the thoughts, of all attempts', async () => {
    const { replyId, writer, stop } = await openLog();
    const second = log.open(replyId, 2);
    for (const each of [writer, second]) {
      each.append('Because');
      each.appendThought('Well.');
      await each.flushed();
    }
    expect(await raw.keys(`*${replyId}*`)).toHaveLength(4);
    await log.remove(replyId, 2);
    expect(await raw.keys(`*${replyId}*`)).toEqual([]);
    await stop();
  });

  it('takes no more than four megabytes, thoughts included', async () => {
    const { key, thoughtKey, writer, told, stop } = await openLog();
    const megabyte = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 6; i++) {
      if (i % 2 === 0) writer.append(megabyte);
      else writer.appendThought(megabyte);
      await writer.flushed();
    }
    expect([await raw.strlen(key), await raw.strlen(thoughtKey)]).toEqual([2 * 1024 * 1024, 2 * 1024 * 1024]);
    await eventually(() => told.length === 4);
    await stop();
  });

  it('takes no more than four megabytes', async () => {
    const { key, writer, told, stop } = await openLog();
    const megabyte = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 6; i++) {
      writer.append(megabyte);
      await writer.flushed();
    }
    expect(await raw.strlen(key)).toBe(4 * 1024 * 1024);
    await eventually(() => told.length === 4);
    await stop();
  });
});

/** Has Redis close the connection of the store. Other test files run beside this one, in other databases of the same server. */
async function breakConnections(): Promise<void> {
  const [own, clients] = await Promise.all([
    raw.client('ID'),
    raw.call('CLIENT', 'LIST', 'TYPE', 'normal') as Promise<string>,
  ]);
  for (const [, id] of clients.matchAll(new RegExp(`^id=(\\d+) .* db=${raw.options.db} `, 'gm')))
    if (Number(id) !== own) await raw.client('KILL', 'ID', Number(id));
}

/** What may happen to the logs between two pieces. */
const FAILURES: Record<string, (keys: string[]) => Promise<unknown>> = {
  lost: (keys) => raw.del(...keys),
  lostOne: ([key = '']) => raw.del(key),
  cutShort: (keys) =>
    Promise.all(keys.map(async (key) => raw.set(key, (await raw.get(key).catch(() => null))?.slice(0, 3) ?? ''))),
  // Every write fails meanwhile.
  ofAnotherType: (keys) => Promise.all(keys.map((key) => raw.multi().del(key).lpush(key, 'x').exec())),
  disconnected: breakConnections,
};

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const kind = fc.constantFrom<WrittenKind>('delta', 'thought');
const long = text.map((part) => part.repeat(5_000));
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('append'), kind, text }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('append'), kind, text: long }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('turn', 'flushed', ...Object.keys(FAILURES)) }) },
);

describe('the law of logs', () => {
  it('is that each is whole after the next write, and each signal stands where it says, whatever failed before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), async (steps) => {
        const { key, thoughtKey, writer, told, stop } = await openLog();
        const keys = [key, thoughtKey];
        const whole = { delta: '', thought: '' };
        const append = (to: WrittenKind, piece: string): void => {
          whole[to] += piece;
          if (to === 'delta') writer.append(piece);
          else writer.appendThought(piece);
        };
        for (const { type, ...rest } of steps) {
          if ('text' in rest) append(rest.kind, rest.text);
          else if (type === 'turn') await new Promise(setImmediate);
          else if (type === 'flushed') await writer.flushed();
          else await FAILURES[type]?.(keys);
        }
        await writer.flushed();
        for (const each of keys) if ((await raw.type(each)) === 'list') await raw.del(each);
        await eventually(() => client.ping(), { everyMs: 1 });
        append('thought', '.');
        append('delta', '.');
        await writer.flushed();
        expect(await raw.mget(keys)).toEqual([whole.delta, whole.thought]);
        const bytes = { delta: Buffer.from(whole.delta), thought: Buffer.from(whole.thought) };
        const isTold = (of: WrittenKind): boolean => {
          const last = told.findLast(({ type }) => type === of);
          return last !== undefined && last.offset + Buffer.byteLength(last.text) === bytes[of].length;
        };
        await eventually(() => isTold('delta') && isTold('thought'), { everyMs: 1 });
        for (const { type, offset, text: part } of told) {
          expect(bytes[type].subarray(offset, offset + Buffer.byteLength(part)).toString()).toBe(part);
        }
        await stop();
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
