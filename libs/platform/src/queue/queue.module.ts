import { BullModule } from '@nestjs/bullmq';
import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { RedisConfig } from '../redis/redis.config.js';
import { connectRedis, type RedisConnection } from '../redis/redis-options.js';

/** What all keys of the queues begin with: a hash tag, since BullMQ's scripts read several of them, and a cluster runs those only in one place. */
export const QUEUE_PREFIX = '{bull}';

/** A connection on which nothing has come for so long after a command is replaced. Longer than workers wait for a job, which is 10 s at most. */
const SILENCE_MS = 15_000;

/** The process's connection for queues; each worker has a further one of its own, on which it waits for jobs. */
@Injectable()
export class QueueConnection implements OnApplicationShutdown {
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

@Module({ providers: [QueueConnection], exports: [QueueConnection] })
class QueueConnectionModule {}

/** BullMQ on the process's Redis, for producers and workers alike: import it once, beside `BullModule.registerQueue`. */
export const QueueModule = BullModule.forRootAsync({
  imports: [QueueConnectionModule],
  inject: [QueueConnection],
  useFactory: ({ client }: QueueConnection) => ({ connection: client, prefix: QUEUE_PREFIX }),
});
