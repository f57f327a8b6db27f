import type { QueueContract, QueueJob } from '@app/contracts';
import { Logger } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import type { JobsOptions, Queue } from 'bullmq';
import { RequestContext } from '../request/request-context.js';
import { currentTraceParent, tracedStep } from '../tracing/span.js';
import { queueAttributes } from './queue-attributes.js';
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

/** Workers of this process that take jobs without the queue. */
export interface JobFallback<Job extends QueueJob> {
  /** Whether jobs are to come here, too, though the queue takes them: no worker may hear of them there. */
  readonly isWanted: boolean;
  /** Takes those that may be worked on now. A job may come more than once, and may be dropped. */
  take: (jobs: Job[]) => void;
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
  private fallback: JobFallback<Job> | null = null;

  /** @param connection of the queue: while it is down, nothing is tried */
  constructor(
    private readonly queue: Queue,
    private readonly contract: QueueContract,
    private readonly connection: { readonly isDown: boolean } = { isDown: false },
  ) {
    // Without a listener a broken connection would end the process; reachability is logged elsewhere.
    this.queue.on('error', () => undefined);
  }

  /** Has jobs brought to this process's own workers where the queue doesn't take them. */
  useFallback(fallback: JobFallback<Job>): void {
    this.fallback = fallback;
  }

  /** Enqueues jobs within {@link ENQUEUE_TIMEOUT_MS}. Never throws. */
  async notify(notices: JobNotice<Job>[]): Promise<void> {
    const enqueued = await this.enqueue(notices);
    if (enqueued && this.fallback?.isWanted !== true) return;
    const dueNow = notices.filter(({ delayMs = 0 }) => delayMs <= 0);
    this.fallback?.take(dueNow.map((notice) => this.dataOf(notice)));
  }

  /** @returns whether Redis has confirmed all of them in time */
  private async enqueue(notices: JobNotice<Job>[]): Promise<boolean> {
    if (this.connection.isDown || this.unconfirmed >= MAX_UNCONFIRMED) return false;
    const added = Promise.all(notices.map((notice) => this.add(notice)));
    const all = added.then((each) => !each.includes(false));
    return withTimeout(ENQUEUE_TIMEOUT_MS, all, () => false);
  }

  private add(notice: JobNotice<Job>): Promise<boolean> {
    const attributes = queueAttributes(this.contract, 'send', notice.id);
    return tracedStep(`send ${this.contract.queue}`, { kind: SpanKind.PRODUCER, attributes }, () => this.send(notice));
  }

  private async send(notice: JobNotice<Job>): Promise<boolean> {
    const { id, delayMs = 0, oneOf, orElse, priority } = notice;
    this.unconfirmed++;
    try {
      const added = await this.queue.add(this.contract.job, this.dataOf(notice), {
        ...jobOptions(id, delayMs),
        ...(priority !== undefined && { priority }),
        ...(oneOf !== undefined && { deduplication: { id: oneOf, ttl: ONE_OF_MS } }),
      });
      // BullMQ answers with the job that kept this one from being added.
      return orElse === undefined || added.id === id || (await this.send(orElse));
    } catch (error) {
      this.logger.debug(`Enqueueing failed: ${(error as Error).message}`);
      return false;
    } finally {
      this.unconfirmed--;
    }
  }

  private dataOf({ payload }: JobNotice<Job>): Job {
    const { requestId } = RequestContext;
    const traceParent = currentTraceParent();
    const origin = { ...(requestId !== undefined && { requestId }), ...(traceParent !== null && { traceParent }) };
    return { v: this.contract.version, ...payload, ...origin } as Job;
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
