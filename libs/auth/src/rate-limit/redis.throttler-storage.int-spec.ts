import 'reflect-metadata';
import { type RedisClient } from '@app/platform';
import type { Redis } from 'ioredis';
import { eventually } from '../../../../test/support/eventually.js';
import { connectTestRedis } from '../../../../test/support/deployments/redis-connections.js';
import { RedisThrottlerStorage } from './redis.throttler-storage.js';

let redis: RedisClient;
/** Sends what the product has no need of. */
let raw: Redis;
let closeRedis: () => void;
let replicas: RedisThrottlerStorage[];

beforeAll(async () => {
  ({ redis, raw, close: closeRedis } = await connectTestRedis());
  replicas = [new RedisThrottlerStorage(redis), new RedisThrottlerStorage(redis)];
});

afterAll(() => closeRedis());

describe('a window of requests', () => {
  it('lets exactly the limit pass, of many at once, over all replicas together', async () => {
    const requests = Array.from({ length: 100 }, (_, n) => replicas[n % 2]!.increment('many', 60_000, 30));
    const counts = await Promise.all(requests);
    expect(counts.filter(({ isBlocked }) => !isBlocked)).toHaveLength(30);
  });

  it('says when it ends, and begins anew then', async () => {
    const [storage] = replicas;
    const secondsLeft = async () => Math.ceil((await raw.pttl('rate:short')) / 1_000);
    await storage!.increment('short', 60_000, 1);
    const most = await secondsLeft();
    const refused = await storage!.increment('short', 60_000, 1);
    const least = await secondsLeft();
    expect(most).toBeLessThanOrEqual(60);
    const { timeToExpire } = refused;
    expect(refused).toEqual({ totalHits: 2, limit: 1, timeToExpire, isBlocked: true, timeToBlockExpire: timeToExpire });
    expect(timeToExpire).toBeGreaterThanOrEqual(least);
    expect(timeToExpire).toBeLessThanOrEqual(most);
    await raw.pexpire('rate:short', 1);
    await eventually(async () => !(await storage!.increment('short', 60_000, 1)).isBlocked);
  });

  it('is not prolonged by requests that were refused', async () => {
    const [storage] = replicas;
    await storage!.increment('refused', 60_000, 1);
    await raw.pexpire('rate:refused', 30_000);
    await storage!.increment('refused', 60_000, 1);
    expect(await raw.pttl('rate:refused')).toBeLessThanOrEqual(30_000);
  });
});

describe('counters of several widths', () => {
  const count = (narrow: string) =>
    replicas[0]!.incrementAll(
      [
        { key: `wide:{w}:${narrow}`, limit: 2 },
        { key: 'wide:{w}', limit: 3 },
      ],
      60_000,
    );

  it('refuse by the one that is full, and what a narrow one refuses does not count for the wide one', async () => {
    expect(await count('a')).toMatchObject({ limit: 2, totalHits: 1, isBlocked: false });
    expect(await count('a')).toMatchObject({ limit: 2, totalHits: 2, isBlocked: false });
    for (let refused = 0; refused < 5; refused++) expect(await count('a')).toMatchObject({ limit: 2, isBlocked: true });
    expect(await count('b')).toMatchObject({ limit: 2, totalHits: 1, isBlocked: false });
    expect(await count('b')).toMatchObject({ limit: 3, totalHits: 4, isBlocked: true });
  });
});
