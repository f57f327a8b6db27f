import { Global, Inject, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { RedisConfig } from './redis.config.js';

/**
 * Connection options for a client of one's own (a subscriber, a queue).
 * Reconnects for ever, with a pause that grows to two seconds.
 */
export function redisOptions(config: RedisConfig) {
  return {
    host: config.REDIS_HOST,
    port: config.REDIS_PORT,
    db: config.REDIS_DB,
    ...(config.REDIS_PASSWORD === undefined ? {} : { password: config.REDIS_PASSWORD }),
    connectTimeout: 5_000,
    keepAlive: 10_000,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000),
  } satisfies RedisOptions;
}

/**
 * The process's shared Redis connection for short commands. It fails fast: with Redis away a command is refused
 * at once instead of being kept for later, and no command takes longer than a second.
 */
@Injectable()
export class RedisClient extends Redis implements OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private reachable = true;

  constructor(@Inject(RedisConfig) config: RedisConfig) {
    super({ ...redisOptions(config), enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 1_000 });
    this.on('error', (error: Error) => {
      if (this.reachable) this.logger.warn(`Redis is out of reach: ${error.message}`);
      this.reachable = false;
    });
    this.on('ready', () => {
      if (!this.reachable) this.logger.log('Redis is back');
      this.reachable = true;
    });
  }

  onApplicationShutdown(): void {
    this.disconnect();
  }
}

/** Redis for the whole process. */
@Global()
@Module({ providers: [RedisClient], exports: [RedisClient] })
export class RedisModule {}
