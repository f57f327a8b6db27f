import type { QueueContract, QueueJob } from '@app/contracts';
import { Logger } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';
import { RequestContext } from '../request/request-context.js';
import { withTimeout } from '../timeout/with-timeout.js';

/** A job to be enqueued; the notifier adds version and request. */
export interface JobNotice<Job extends QueueJob> {
  /** The job's id: what waits under it is not added twice. Without `:`, which BullMQ refuses. */
  id: string;
  payload: Omit<Job, keyof QueueJob>;
  /** Milliseconds before a worker may take it. */
  delayMs?: number;
  /** While another job of this name waits, this one is not added, but `orElse` is. */
  oneOf?: string;
  orElse?: JobNotice<Job>;
  /** Jobs without one are taken first, then those with the lowest number. */
  priority?: number;
}

/** How long enqueueing may take. What Redis doesn't take by then is found by the sweep. */
const ENQUEUE_TIMEOUT_MS = 300;

/** How long a job of a name keeps others from being added: the worker that takes it may die before it says so. */
const ONE_OF_MS = 30_000;

/** How many jobs may wait for Redis to confirm them: with Redis hanging, more of them would only fill the memory. */
const MAX_UNCONFIRMED = 1_000;

/**
 * Wakes workers by jobs. Rows in PostgreSQL are the truth and a sweep finds those whose job was lost, so failing to enqueue
 * is no error (docs/adr/0001).
 */
export class JobNotifier<Job extends QueueJob> {
  private readonly logger = new Logger(JobNotifier.name);
  private unconfirmed = 0;

  constructor(
    private readonly queue: Queue,
    private readonly contract: QueueContract,
  ) {
    // Without a listener a broken connection would end the process; reachability is logged elsewhere.
    this.queue.on('error', () => undefined);
  }

  /** Enqueues jobs within {@link ENQUEUE_TIMEOUT_MS}. Never throws. */
  async notify(notices: JobNotice<Job>[]): Promise<void> {
    if (this.unconfirmed >= MAX_UNCONFIRMED) return;
    const added = Promise.all(notices.map((notice) => this.add(notice)));
    await withTimeout(ENQUEUE_TIMEOUT_MS, added, () => undefined);
  }

  private async add({ id, payload, delayMs = 0, oneOf, orElse, priority }: JobNotice<Job>): Promise<void> {
    const { requestId } = RequestContext;
    const origin = requestId === undefined ? {} : { requestId };
    this.unconfirmed++;
    try {
      const data = { v: this.contract.version, ...payload, ...origin };
      const added = await this.queue.add(this.contract.job, data, {
        ...jobOptions(id, delayMs),
        ...(priority !== undefined && { priority }),
        ...(oneOf !== undefined && { deduplication: { id: oneOf, ttl: ONE_OF_MS } }),
      });
      // BullMQ answers with the job that kept this one from being added.
      if (orElse !== undefined && added.id !== id) await this.add(orElse);
    } catch (error) {
      this.logger.debug(`Enqueueing failed: ${(error as Error).message}`);
    } finally {
      this.unconfirmed--;
    }
  }
}

/** Jobs leave Redis when they end, whichever way: while one is kept, BullMQ adds no other of its id. */
const jobOptions = (jobId: string, delay: number): JobsOptions => ({
  jobId,
  delay,
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: true,
});
