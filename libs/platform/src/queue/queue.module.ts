import { BullModule } from '@nestjs/bullmq';
import { RedisConfig } from '../redis/redis.config.js';
import { redisOptions } from '../redis/redis-options.js';

/** BullMQ on the process's Redis, for producers and workers alike: import it once, beside `BullModule.registerQueue`. */
export const QueueModule = BullModule.forRootAsync({
  inject: [RedisConfig],
  // Workers wait for Redis for ever, so no command of theirs may give up; producers bound their own waiting.
  useFactory: (config: RedisConfig) => ({ connection: { ...redisOptions(config), maxRetriesPerRequest: null } }),
});
