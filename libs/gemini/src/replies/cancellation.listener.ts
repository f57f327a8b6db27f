import { cancelChannel } from '@app/contracts';
import { RedisConfig, redisOptions } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { HeldReplies } from './leased-replies.service.js';

/**
 * Hears which replies are to stop, at once. Without Redis the heartbeat finds the mark in PostgreSQL a second later.
 */
@Injectable()
export class CancelListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly subscriber: Redis;

  constructor(
    private readonly held: HeldReplies,
    config: RedisConfig,
  ) {
    this.subscriber = new Redis({ ...redisOptions(config), lazyConnect: true, maxRetriesPerRequest: null });
    this.subscriber.on('error', () => undefined);
  }

  onApplicationBootstrap(): void {
    this.subscriber.on('message', (_channel: string, replyId: string) => this.held.stop(replyId, 'cancelled'));
    this.subscriber.subscribe(cancelChannel).catch(() => undefined);
  }

  onApplicationShutdown(): void {
    this.subscriber.disconnect();
  }
}
