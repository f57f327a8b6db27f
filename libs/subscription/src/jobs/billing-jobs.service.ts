import { BILLING_JOB, BILLING_JOB_VERSION, BILLING_QUEUE, type BillingJob } from '@app/contracts';
import { RequestContext } from '@app/platform';
import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

/** Something that the worker is to look at. */
export type BillingTask = Pick<BillingJob, 'kind' | 'id'>;

/** How long ringing may take; what it doesn't do by then the sweep does. */
const PATIENCE_MS = 300;

/** Rings for the worker. The rows in PostgreSQL are the truth, so failing to ring is no error: the sweep rings again. */
@Injectable()
export class BillingJobs {
  private readonly logger = new Logger(BillingJobs.name);
  /** Rings that Redis has not confirmed. Bounded: with Redis hanging, more of them would only fill the memory. */
  private unconfirmed = 0;

  constructor(@InjectQueue(BILLING_QUEUE) private readonly queue: Queue<BillingJob>) {
    // Without a listener a broken connection would end the process; reachability is logged elsewhere.
    this.queue.on('error', () => undefined);
  }

  /** Rings for these, bounded to {@link PATIENCE_MS}. Never throws. */
  async enqueue(tasks: BillingTask[]): Promise<void> {
    if (tasks.length === 0 || this.unconfirmed > 1_000) return;
    this.unconfirmed++;
    const { requestId } = RequestContext;
    const origin = requestId === undefined ? {} : { requestId };
    const added = this.queue
      .addBulk(
        tasks.map((task) => ({
          name: BILLING_JOB,
          data: { v: BILLING_JOB_VERSION, ...task, ...origin },
          opts: jobOptions(task),
        })),
      )
      .catch((error: Error) => this.logger.debug(`The bell was not heard: ${error.message}`))
      .finally(() => this.unconfirmed--);
    await Promise.race([added, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);
  }
}

/**
 * What waits in the queue is not added twice. Jobs leave Redis when they end, whichever way: a kept one would silently
 * swallow the next ring. The id is encoded since BullMQ refuses some characters.
 */
const jobOptions = ({ kind, id }: BillingTask): JobsOptions => ({
  jobId: `${kind}-${Buffer.from(id).toString('base64url')}`,
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: true,
});
