import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { RedisConfig } from '../redis/redis.config.js';
import { connectRedis, type RedisConnection } from '../redis/redis-options.js';

/** A connection on which nothing has come for so long after a command is replaced. Longer than workers wait for a job, which is 10 s at most. */
const SILENCE_MS = 15_000;

/** The process's connection for queues; each worker has a further one of its own, on which it waits for jobs. */
@Injectable()
export class QueueConnectionService implements OnApplicationShutdown {
  readonly client: RedisConnection;

  constructor(@Inject(RedisConfig) config: RedisConfig) {
    // Workers wait for Redis for ever, so no command of theirs may give up; producers bound their own waiting.
    this.client = connectRedis(config, { maxRetriesPerRequest: null, socketTimeout: SILENCE_MS });
    // The shared client reports the same outage.
    this.client.on('error', () => undefined);
  }

  onApplicationShutdown(): void {
    this.client.disconnect();
  }
}
