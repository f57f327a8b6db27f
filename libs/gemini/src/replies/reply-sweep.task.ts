import { ReplyJobsService } from '@app/chatroom';
import { PeriodicTask } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ReplyConfig } from './reply.config.js';
import { ReplyStore } from './reply.store.js';

/**
 * Enqueues due replies whose job was lost (Redis away or emptied, or the API died before it enqueued), whose worker died, or
 * whose back-off has passed. With it, Redis may lose everything at any time.
 */
@Injectable()
export class ReplySweepTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly task: PeriodicTask;

  constructor(
    private readonly store: ReplyStore,
    private readonly jobs: ReplyJobsService,
    config: ReplyConfig,
  ) {
    this.task = new PeriodicTask({
      name: 'The sweep of due replies',
      intervalMs: config.REPLY_SWEEP_MS,
      run: () => this.sweep(),
    });
  }

  onApplicationBootstrap(): void {
    this.task.start();
  }

  onApplicationShutdown(): void {
    this.task.stop();
  }

  /** One round. */
  async sweep(): Promise<void> {
    const overdue = await this.store.sweep();
    await this.jobs.enqueueInTurn(overdue.filter(({ isInTurn }) => isInTurn));
    await this.jobs.enqueueIfIdle(overdue.filter(({ isInTurn }) => !isInTurn));
  }
}
