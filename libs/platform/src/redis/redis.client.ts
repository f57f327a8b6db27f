import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { redisOptions } from './redis-options.js';
import { RedisConfig } from './redis.config.js';

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
