import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.client.js';
import { LimitsRedisClient, StreamsRedisClient } from '../redis/redis-parts.js';
import { RedisClient } from '../redis/redis.client.js';
import { HealthService } from './health.service.js';

/** Has PostgreSQL and Redis watched: the shared server, and those that parts have for themselves. */
@Injectable()
export class StoreHealthService {
  constructor(
    health: HealthService,
    database: Database,
    redis: RedisClient,
    streams: StreamsRedisClient,
    limits: LimitsRedisClient,
  ) {
    health.watch({
      name: 'postgresql',
      title: 'PostgreSQL',
      probe: () => database.probe(),
      consequence: 'Nothing can be served or written until it is back',
    });
    health.watch({
      name: 'redis',
      title: 'Redis',
      probe: () => redis.probe(),
      explain: (error) => redis.explain(error),
      consequence: 'Messages are still accepted and answered; logins and codes wait',
    });
    watchPart(health, 'streams', {
      shared: redis,
      own: streams,
      consequence: 'Answers are shown when they are stored',
    });
    watchPart(health, 'limits', { shared: redis, own: limits, consequence: 'Logins and codes wait' });
  }
}

/** Has the server of a part watched, if it is another one. */
function watchPart(
  health: HealthService,
  name: 'streams' | 'limits',
  { shared, own, consequence }: { shared: RedisClient; own: RedisClient; consequence: string },
): void {
  if (own === shared) return;
  const title = `Redis of ${name}`;
  const explain = (error: Error): string | null => {
    const cause = own.explain(error);
    return cause === null ? null : `${title} is down (${cause})`;
  };
  health.watch({ name, title, probe: () => own.probe(), explain, consequence });
}
