import { REPLY_QUEUE, type ReplyJob } from '@app/contracts';
import { JobNotifier, withTimeout } from '@app/platform';
import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';

/** A reply that waits to be claimed. */
export interface DueReply {
  id: string;
  /** The last attempt. Part of the job's id, so that the job of one attempt does not keep that of the next from being added. */
  attempt: number;
}

/** How long pausing the queue may take. */
const PAUSE_TIMEOUT_MS = 500;

/** Wakes the workers for replies: the row in PostgreSQL is the truth, so a lost job only means that the sweep enqueues another. */
@Injectable()
export class ReplyJobsService {
  private readonly logger = new Logger(ReplyJobsService.name);
  private readonly notifier: JobNotifier<ReplyJob>;

  constructor(@InjectQueue(REPLY_QUEUE.queue) private readonly queue: Queue) {
    this.notifier = new JobNotifier(queue, REPLY_QUEUE);
  }

  /**
   * Enqueues replies, bounded in time. Never throws.
   *
   * @param delayMs before a worker may take them
   */
  async enqueue(replies: DueReply[], delayMs = 0): Promise<void> {
    await this.notifier.notify(
      replies.map(({ id, attempt }) => ({ id: `${id}-${attempt}`, payload: { replyId: id }, delayMs })),
    );
  }

  /** Lets no worker take a job for some time. Bounded, and never throws: without Redis there is no queue to pause. */
  async pause(ms: number): Promise<void> {
    const paused = this.queue
      .rateLimit(ms)
      .catch((error: Error) => this.logger.debug(`Pausing the queue failed: ${error.message}`));
    await withTimeout(PAUSE_TIMEOUT_MS, paused, () => undefined);
  }
}
