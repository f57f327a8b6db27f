import type { RedisOptions } from 'ioredis';
import type { RedisConfig } from './redis.config.js';

/**
 * Connection options for a client of one's own (a subscriber, a queue).
 * Reconnects for ever, with a pause that grows to two seconds.
 */
export function redisOptions(config: RedisConfig) {
  return {
    host: config.REDIS_HOST,
    port: config.REDIS_PORT,
    db: config.REDIS_DB,
    ...(config.REDIS_PASSWORD === undefined ? {} : { password: config.REDIS_PASSWORD }),
    connectTimeout: 5_000,
    keepAlive: 10_000,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000),
  } satisfies RedisOptions;
}
