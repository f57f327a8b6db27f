import type { RedisClient } from '@app/platform';
import type { ThrottlerStorage } from '@nestjs/throttler';

type Record = Awaited<ReturnType<ThrottlerStorage['increment']>>;

// KEYS: counter. ARGV: window in ms. Gives the requests of this window and the milliseconds until it ends.
const COUNT = `
local hits = redis.call('INCR', KEYS[1])
if hits == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {hits, redis.call('PTTL', KEYS[1])}`;

/** Counts requests in fixed windows, for all replicas together. */
export class RedisThrottlerStorage implements ThrottlerStorage {
  constructor(private readonly redis: RedisClient) {}

  /**
   * @param ttl the window in milliseconds
   * @returns times in seconds
   */
  async increment(key: string, ttl: number, limit: number): Promise<Record> {
    const [totalHits, msLeft] = (await this.redis.eval(COUNT, 1, `rate:${key}`, ttl)) as [number, number];
    const timeToExpire = Math.ceil(msLeft / 1000);
    return { totalHits, timeToExpire, isBlocked: totalHits > limit, timeToBlockExpire: timeToExpire };
  }
}
