import { MESSAGE_QUEUE, REPLY_JOB, REPLY_JOB_VERSION, type ReplyJob } from '@app/contracts';
import { RequestContext } from '@app/platform';
import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

/** A reply that waits to be claimed. */
export interface DueReply {
  id: string;
  /** Part of the job's id, so that one claim's bell never swallows the next one's. */
  fence: number;
}

/** How long ringing may take; what it doesn't do by then the sweep does. */
const PATIENCE_MS = 300;

/**
 * Rings for workers: "look at this reply". The row in PostgreSQL is the truth, so a lost ring only means that the
 * sweep rings again within seconds; failing to ring is no error.
 */
@Injectable()
export class ReplyBell {
  private readonly logger = new Logger(ReplyBell.name);
  /** Rings that Redis has not confirmed. Bounded: with Redis hanging, more of them would only fill the memory. */
  private unconfirmed = 0;

  constructor(@InjectQueue(MESSAGE_QUEUE) private readonly queue: Queue<ReplyJob>) {
    // Without a listener a broken connection would end the process; reachability is logged elsewhere.
    this.queue.on('error', () => undefined);
  }

  /**
   * Rings for these replies, bounded to {@link PATIENCE_MS}. Never throws.
   *
   * @param delayMs ring only after this
   */
  async ring(replies: DueReply[], delayMs = 0): Promise<void> {
    if (replies.length === 0 || this.unconfirmed > 1_000) return;
    this.unconfirmed += replies.length;
    const added = Promise.all(
      replies.map((reply) => this.queue.add(REPLY_JOB, payload(reply), jobOptions(reply, delayMs))),
    )
      .catch((error: Error) => this.logger.debug(`The bell was not heard: ${error.message}`))
      .finally(() => (this.unconfirmed -= replies.length));
    await Promise.race([added, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);
  }
}

const payload = ({ id }: DueReply): ReplyJob => {
  const { requestId } = RequestContext;
  return { v: REPLY_JOB_VERSION, replyId: id, ...(requestId === undefined ? {} : { requestId }) };
};

/** Jobs leave Redis when they end, whichever way: a kept one would silently swallow the next ring of the same id. */
const jobOptions = ({ id, fence }: DueReply, delay: number): JobsOptions => ({
  jobId: `${id}-${fence}`,
  delay,
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: true,
});
