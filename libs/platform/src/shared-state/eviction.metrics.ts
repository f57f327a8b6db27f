import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Metrics } from '../metrics/metrics.registry.js';
import { SharedState } from '../metrics/shared-state.registry.js';
import { QueueConnectionService } from '../queue/queue-connection.service.js';
import { LimitsRedisClient, StreamsRedisClient } from '../redis/redis-parts.js';
import { RedisClient } from '../redis/redis.client.js';

/** Keys that Redis has removed to make space, which must never happen: `maxmemory-policy` has to be `noeviction`. */
@Injectable()
export class EvictionMetrics {
  private readonly evicted: Counter;

  constructor(
    metrics: Metrics,
    private readonly redis: RedisClient,
    private readonly streams: StreamsRedisClient,
    private readonly limits: LimitsRedisClient,
    private readonly queue: QueueConnectionService,
  ) {
    const state = new SharedState("Redis' evictions", () => this.read());
    this.evicted = new Counter({
      name: 'redis_evicted_keys_total',
      help: 'Keys that Redis has evicted since it started, over all its servers. Has to stay 0: noeviction.',
      registers: [state],
    });
    metrics.share(state);
  }

  /** Redis counts, so the counter takes its number over. */
  private async read(): Promise<void> {
    const servers = new Set([this.redis, this.streams, this.limits, ...(this.queue.isApart ? [this.queue] : [])]);
    const evicted = await Promise.all(Array.from(servers, (server) => server.evictedKeys()));
    this.evicted.reset();
    this.evicted.inc(evicted.reduce((sum, count) => sum + count, 0));
  }
}
