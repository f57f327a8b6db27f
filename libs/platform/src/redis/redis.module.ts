import { Global, Module } from '@nestjs/common';
import { RedisClient } from './redis.client.js';
import { LimitsRedisClient, REDIS_PARTS, StreamsRedisClient, StreamsRedisSubscriber } from './redis-parts.js';
import { RedisMetrics } from './redis.metrics.js';
import { RedisSubscriber } from './redis.subscriber.js';

/** Redis for the whole process: one connection for commands, one for channels; and those of parts that have servers of their own. */
@Global()
@Module({
  providers: [RedisClient, RedisMetrics, RedisSubscriber, ...REDIS_PARTS],
  exports: [RedisClient, RedisSubscriber, StreamsRedisClient, StreamsRedisSubscriber, LimitsRedisClient],
})
export class RedisModule {
  /**
   * A subscriber sends no write that a replica would refuse, so its client tells it of a failover: what is published during one may
   * never reach the old master.
   */
  constructor(
    client: RedisClient,
    subscriber: RedisSubscriber,
    streamsClient: StreamsRedisClient,
    streamsSubscriber: StreamsRedisSubscriber,
  ) {
    client.onReplicaLeft = () => subscriber.reconnect();
    streamsClient.onReplicaLeft = () => streamsSubscriber.reconnect();
  }
}
