import { RedisClient, RedisConfig } from '@app/platform';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.js';
import { testRedis } from '../services.js';

/** Connections to a database of Redis of a test's own. */
interface TestRedisConnections {
  /** The product's. */
  redis: RedisClient;
  /** Sends what the product has no need of. */
  raw: Redis;
  close: () => void;
}

/**
 * Lets commands take their time on a busy machine: the product's own bound is a second, after which it goes on without Redis. What
 * it does then is for tests that keep Redis from answering.
 */
export function withLongTimeout(client: RedisClient): RedisClient {
  (client['connection'] as Redis).options.commandTimeout = 30_000;
  return client;
}

/** Empties a database of Redis and connects to it. Commands may take their time. */
export async function connectTestRedis(): Promise<TestRedisConnections> {
  const { host, port, db } = await testRedis();
  const config = Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db });
  const redis = withLongTimeout(new RedisClient(config));
  const raw = new Redis({ host, port, db });
  await eventually(() => redis.status === 'ready');
  const close = (): void => {
    redis.disconnect();
    raw.disconnect();
  };
  return { redis, raw, close };
}
