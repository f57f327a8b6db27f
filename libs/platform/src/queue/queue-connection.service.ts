import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Dependency } from '../health/dependency.js';
import { HealthService } from '../health/health.service.js';
import { RedisConfig } from '../redis/redis.config.js';
import { connectRedis, evictedKeysOf, type RedisConnection } from '../redis/redis-options.js';
import { RedisTrouble } from '../redis/redis-trouble.js';

/** What all keys of the queues begin with: a hash tag, since BullMQ's scripts read several of them, and a cluster runs those only in one place. */
export const QUEUE_PREFIX = '{bull}';

const PROBE_SECONDS = 60;

/** A connection on which nothing has come for so long after a command is replaced. Longer than workers wait for a job, which is 10 s at most. */
const SILENCE_MS = 15_000;

/** The process's connection for queues; each worker has a further one of its own, on which it waits for jobs. */
@Injectable()
export class QueueConnectionService implements OnApplicationShutdown {
  readonly client: RedisConnection;
  /** Whether the queue's server is not the shared one. */
  readonly isApart: boolean;
  private readonly dependency: Dependency;

  constructor(@Inject(RedisConfig) shared: RedisConfig, health: HealthService) {
    const config = shared.of('queue');
    this.isApart = config !== shared;
    // Workers wait for Redis for ever, so no command of theirs may give up; producers bound their own waiting.
    this.client = connectRedis(config, { maxRetriesPerRequest: null, socketTimeout: SILENCE_MS });
    const trouble = new RedisTrouble(this.client, config.server);
    this.dependency = health.watch({
      name: 'queue',
      title: 'The queue',
      probe: () => this.probe(),
      explain: (error) => {
        const cause = trouble.explain(error);
        return cause === null ? null : `The queue is down (${cause})`;
      },
      consequence: 'Workers take replies from PostgreSQL meanwhile',
    });
  }

  /** Whether the last probes say that no job can be enqueued. */
  get isDown(): boolean {
    return this.dependency.isDown;
  }

  /** How many keys the queue's server has evicted since it started. */
  evictedKeys(): Promise<number> {
    return evictedKeysOf(this.client);
  }

  onApplicationShutdown(): void {
    this.client.disconnect();
  }

  /** Writes beside the jobs. This connection keeps commands until it is there, and no probe may wait among them. */
  private async probe(): Promise<void> {
    if (this.client.status !== 'ready') throw new Error('no connection');
    await this.client.set(`${QUEUE_PREFIX}:probe`, '1', 'EX', PROBE_SECONDS);
  }
}
