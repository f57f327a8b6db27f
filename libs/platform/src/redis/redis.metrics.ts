import { Injectable } from '@nestjs/common';
import { Histogram } from 'prom-client';
import { Metrics } from '../metrics/metrics.registry.js';
import { LimitsRedisClient, StreamsRedisClient } from './redis-parts.js';
import { RedisClient } from './redis.client.js';

/** How long Redis takes. */
@Injectable()
export class RedisMetrics {
  constructor(metrics: Metrics, redis: RedisClient, streams: StreamsRedisClient, limits: LimitsRedisClient) {
    const seconds = new Histogram({
      name: 'redis_command_seconds',
      help: "Time until Redis has answered a command of this process's connections for commands, or the command was given up (1 s). Without the queue's own.",
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
      registers: [metrics],
    });
    for (const client of [redis, streams, limits]) client.onCommandEnd = (duration) => seconds.observe(duration);
  }
}
