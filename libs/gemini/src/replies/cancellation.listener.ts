import { cancelChannel } from '@app/contracts';
import { type ChannelSubscription, StreamsRedisSubscriber } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LeasedRepliesService } from './leased-replies.service.js';

/**
 * Stops replies as soon as their readers ask to. What a broken subscription misses, the extension of the lease finds in
 * PostgreSQL within a second.
 */
@Injectable()
export class CancellationListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private subscription: ChannelSubscription | undefined;

  constructor(
    private readonly leased: LeasedRepliesService,
    private readonly subscriber: StreamsRedisSubscriber,
  ) {}

  onApplicationBootstrap(): void {
    this.subscription = this.subscriber.subscribe(cancelChannel, {
      onMessage: (replyId) => this.leased.stop(replyId, 'cancelled'),
    });
  }

  onApplicationShutdown(): void {
    this.subscription?.close();
  }
}
