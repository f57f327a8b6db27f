import type { FactoryProvider } from '@nestjs/common';
import { RedisClient } from './redis.client.js';
import { RedisConfig, type RedisPart } from './redis.config.js';
import { RedisSubscriber } from './redis.subscriber.js';

/** The client for what is being written of replies: the shared one, unless `STREAMS_REDIS_URL` is set. */
export abstract class StreamsRedisClient extends RedisClient {}

/** The subscriber to the channels of replies: the shared one, unless `STREAMS_REDIS_URL` is set. */
export abstract class StreamsRedisSubscriber extends RedisSubscriber {}

/** The client for limits and one-time codes: the shared one, unless `LIMITS_REDIS_URL` is set. */
export abstract class LimitsRedisClient extends RedisClient {}

/** A part's own connection, or the shared one. */
const part = <T extends RedisClient | RedisSubscriber>(
  token: abstract new (config: RedisConfig) => T,
  shared: new (config: RedisConfig) => T,
  name: RedisPart,
): FactoryProvider<T> => ({
  provide: token,
  inject: [RedisConfig, shared],
  useFactory: (config: RedisConfig, same: T) => (config.of(name) === config ? same : new shared(config.of(name))),
});

/** The connections of the parts that may have servers of their own; the queue's is `QueueConnectionService`. */
export const REDIS_PARTS = [
  part(StreamsRedisClient, RedisClient, 'streams'),
  part(StreamsRedisSubscriber, RedisSubscriber, 'streams'),
  part(LimitsRedisClient, RedisClient, 'limits'),
];
