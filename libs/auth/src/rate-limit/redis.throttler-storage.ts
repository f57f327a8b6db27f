import type { RedisClient } from '@app/platform';
import type { ThrottlerStorage } from '@nestjs/throttler';

type Record = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** What is counted, and how often at most. */
export interface RequestCounter {
  key: string;
  limit: number;
}

/** The counter that decided, and its state. */
export interface RequestCount extends Record {
  limit: number;
}

// KEYS: counters, from the narrowest to the widest. ARGV: the window in ms, then each counter's limit. A counter over its
// limit is the last that counts: what is refused doesn't use up the share of a wider block. Gives the position of the counter
// that refuses, else of the first, its requests of this window and the milliseconds until that ends.
const COUNT = `
local first
for position, key in ipairs(KEYS) do
  local hits = redis.call('INCR', key)
  if hits == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
  if position == 1 then first = {1, hits, redis.call('PTTL', key)} end
  if hits > tonumber(ARGV[position + 1]) then return {position, hits, redis.call('PTTL', key)} end
end
return first`;

/** Counts requests in fixed windows, for all replicas together. */
export class RedisThrottlerStorage implements ThrottlerStorage {
  constructor(private readonly redis: RedisClient) {}

  /**
   * @param ttl the window in milliseconds
   * @returns times in seconds
   */
  increment(key: string, ttl: number, limit: number): Promise<Record> {
    return this.incrementAll([{ key, limit }], ttl);
  }

  /**
   * Counts one request for several counters at once, whose keys lie in one slot of a cluster.
   *
   * @param counters from the narrowest to the widest
   * @param ttl the window in milliseconds
   * @returns the counter that refuses, else the narrowest; times in seconds
   */
  async incrementAll(counters: RequestCounter[], ttl: number): Promise<RequestCount> {
    const keys = counters.map(({ key }) => `rate:${key}`);
    const limits = counters.map(({ limit }) => limit);
    const answer = await this.redis.eval(COUNT, keys.length, ...keys, ttl, ...limits);
    const [position, totalHits, msLeft] = answer as [number, number, number];
    const limit = limits[position - 1]!;
    const timeToExpire = Math.ceil(msLeft / 1000);
    return { limit, totalHits, timeToExpire, isBlocked: totalHits > limit, timeToBlockExpire: timeToExpire };
  }
}
