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

/** Empties a database of Redis and connects to it. */
export async function connectTestRedis(): Promise<TestRedisConnections> {
  const { host, port, db } = await testRedis();
  const redis = new RedisClient(Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db }));
  const raw = new Redis({ host, port, db });
  await eventually(() => redis.status === 'ready');
  const close = (): void => {
    redis.disconnect();
    raw.disconnect();
  };
  return { redis, raw, close };
}
