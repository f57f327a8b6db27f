import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { replyChannel, replyLogKey, type ReplySignal } from '@app/contracts';
import { RedisClient, RedisConfig } from '@app/platform';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { withLongTimeout } from '../../../../test/support/deployments/redis-connections.js';
import { eventually } from '../../../../test/support/eventually.js';
import { testRedis } from '../../../../test/support/services.js';
import { LOG_SECONDS, ReplyLogStore, type ReplyLogWriter } from './reply-log.store.js';

type Delta = ReplySignal & { type: 'delta' };

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
  key: string;
  writer: ReplyLogWriter;
  /** What readers were told, in order. */
  deltas: Delta[];
  stop: () => Promise<void>;
}

async function openLog(): Promise<OpenLog> {
  const replyId = randomUUID();
  const channel = replyChannel(replyId);
  const deltas: Delta[] = [];
  const onMessage = (from: string, message: string): void => {
    if (from === channel) deltas.push(JSON.parse(message) as Delta);
  };
  subscriber.on('message', onMessage);
  await subscriber.subscribe(channel);
  const stop = async (): Promise<void> => {
    subscriber.off('message', onMessage);
    await subscriber.unsubscribe(channel);
  };
  return { key: replyLogKey(replyId, 1), writer: log.open(replyId, 1), deltas, stop };
}

describe('the log of a reply', () => {
  it('has the first piece at once, and those that follow closely together', async () => {
    const { key, writer, deltas, stop } = await openLog();
    for (const piece of ['Because', ' the', ' air', ' is']) writer.append(piece);
    await eventually(() => deltas.length === 2);
    writer.append(' thin');
    await writer.flushed();
    await eventually(() => deltas.length === 3);
    expect(deltas).toEqual([
      { type: 'delta', attempt: 1, offset: 0, text: 'Because' },
      { type: 'delta', attempt: 1, offset: 7, text: ' the air is' },
      { type: 'delta', attempt: 1, offset: 18, text: ' thin' },
    ]);
    expect(await raw.get(key)).toBe('Because the air is thin');
    await stop();
  });

  it('is written to at most forty times a second', async () => {
    const { key, writer, deltas, stop } = await openLog();
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
    await eventually(() => deltas.map(({ text }) => text).join('') === 'word '.repeat(pieces));
    expect(deltas.length).toBeLessThanOrEqual(intervals + 2);
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

  it('takes no more than four megabytes', async () => {
    const { key, writer, deltas, stop } = await openLog();
    const megabyte = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 6; i++) {
      writer.append(megabyte);
      await writer.flushed();
    }
    expect(await raw.strlen(key)).toBe(4 * 1024 * 1024);
    await eventually(() => deltas.length === 4);
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

/** What may happen to a log between two pieces. */
const FAILURES: Record<string, (key: string) => Promise<unknown>> = {
  lost: (key) => raw.del(key),
  cutShort: async (key) => raw.set(key, (await raw.get(key).catch(() => null))?.slice(0, 3) ?? ''),
  // Every write fails meanwhile.
  ofAnotherType: async (key) => raw.multi().del(key).lpush(key, 'x').exec(),
  disconnected: breakConnections,
};

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('append'), text }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('append'), text: text.map((part) => part.repeat(5_000)) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('turn', 'flushed', ...Object.keys(FAILURES)) }) },
);

describe('the law of logs', () => {
  it('is that the text is whole after the next write, and each delta stands where it says, whatever failed before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), async (steps) => {
        const { key, writer, deltas, stop } = await openLog();
        let whole = '';
        const append = (piece: string): void => {
          whole += piece;
          writer.append(piece);
        };
        for (const { type, ...rest } of steps) {
          if ('text' in rest) append(rest.text);
          else if (type === 'turn') await new Promise(setImmediate);
          else if (type === 'flushed') await writer.flushed();
          else await FAILURES[type]?.(key);
        }
        await writer.flushed();
        if ((await raw.type(key)) === 'list') await raw.del(key);
        await eventually(() => client.ping(), { everyMs: 1 });
        append('.');
        await writer.flushed();
        expect(await raw.get(key)).toBe(whole);
        await eventually(() => deltas.at(-1)?.text.endsWith('.'), { everyMs: 1 });
        const bytes = Buffer.from(whole);
        for (const { offset, text: part } of deltas) {
          expect(bytes.subarray(offset, offset + Buffer.byteLength(part)).toString()).toBe(part);
        }
        await stop();
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
