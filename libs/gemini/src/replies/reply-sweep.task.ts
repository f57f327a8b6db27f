import { ReplyJobsService } from '@app/chatroom';
import { PeriodicTask, ShutdownService } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DirectRepliesService } from '../queue/direct-replies.service.js';
import { QueueWatchService } from '../queue/queue-watch.service.js';
import { ReplyConfig } from './reply.config.js';
import { ReplyStore } from './reply.store.js';

/**
 * Enqueues due replies whose job was lost (Redis away or emptied, or the API died before it enqueued), whose worker died, or
 * whose back-off has passed. With it, Redis may lose everything at any time. What can't be enqueued this worker takes itself.
 */
@Injectable()
export class ReplySweepTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly task: PeriodicTask;

  constructor(
    private readonly store: ReplyStore,
    private readonly jobs: ReplyJobsService,
    private readonly queue: QueueWatchService,
    private readonly direct: DirectRepliesService,
    private readonly shutdown: ShutdownService,
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
    // What is swept is passed over for seconds: workers that take work, and have capacity, are to find it.
    if (this.shutdown.hasBegun) return;
    if (this.queue.isDown && this.direct.hasWaiting) return;
    const overdue = await this.store.sweep();
    const inTurn = overdue.filter(({ isInTurn }) => isInTurn);
    this.queue.enqueuing(inTurn);
    await this.jobs.enqueueInTurn(inTurn);
    await this.jobs.enqueueIfIdle(overdue.filter(({ isInTurn }) => !isInTurn));
  }
}
