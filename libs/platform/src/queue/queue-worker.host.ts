import type { QueueContract, QueueJob } from '@app/contracts';
import { WorkerHost } from '@nestjs/bullmq';
import { SpanKind } from '@opentelemetry/api';
import { Inject, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import { setTimeout as pause } from 'node:timers/promises';
import { ShutdownService } from '../process/shutdown.service.js';
import { RequestContext } from '../request/request-context.js';
import { queueAttributes } from './queue-attributes.js';
import { traced } from '../tracing/span.js';
import { withTimeout } from '../timeout/with-timeout.js';

/** How long a job may take to let another of its name be added. */
const NAME_TIMEOUT_MS = 300;

/** How long BullMQ may take to close once no job is under way. With Redis away it would wait for it. */
const CLOSE_WITHOUT_JOBS_MS = 1_500;

/** How a worker of a queue runs. */
export interface QueueWorkerOptions {
  contract: QueueContract;
  /** Jobs that this process works on at a time. */
  concurrency: number;
  /** How long jobs under way may take once the process shuts down, in milliseconds. */
  closeTimeoutMs: number;
}

/**
 * Runs one queue's jobs in this process: from the application's start until it shuts down. To be declared as
 * `@Processor(queue, { autorun: false })`.
 */
export abstract class QueueWorkerHost<Payload extends QueueJob>
  extends WorkerHost
  implements OnApplicationBootstrap, OnModuleDestroy
{
  protected readonly logger = new Logger(this.constructor.name);
  @Inject()
  private readonly shutdown!: ShutdownService;
  private ending: Promise<void> | undefined;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(private readonly options: QueueWorkerOptions) {
    super();
  }

  /** Does what the job says. */
  protected abstract handle(payload: Payload): Promise<void>;

  /** Has a job's work in a span of the trace that enqueued it. Overridden where the job doesn't know which trace that is. */
  protected trace({ traceParent }: Payload, jobId: string | undefined, work: () => Promise<void>): Promise<void> {
    const { contract } = this.options;
    const attributes = queueAttributes(contract, 'process', jobId);
    return traced(
      `process ${contract.queue}`,
      { kind: SpanKind.CONSUMER, attributes, parent: traceParent ?? null },
      work,
    );
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.options.concurrency;
    this.worker.on('error', (error) => this.logger.debug(`Queue: ${error.message}`));
    this.shutdown.signal.addEventListener('abort', () => void this.end());
    void this.worker.run();
  }

  async onModuleDestroy(): Promise<void> {
    await this.end();
  }

  /** Takes no further job from now on, whoever asks first, and waits for those under way. */
  private end(): Promise<void> {
    return (this.ending ??= this.drain());
  }

  /** Waits for the jobs under way, without taking others. What takes too long is found again by the sweep. */
  protected async drain(): Promise<void> {
    // Closing waits for Redis without end.
    const closed = Promise.race([this.worker.close(), this.untilIdle()]);
    await withTimeout(this.options.closeTimeoutMs, closed, () => undefined);
  }

  /** Resolves some time after the last job has ended. */
  private async untilIdle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
    await pause(CLOSE_WITHOUT_JOBS_MS, undefined, { ref: false });
  }

  /** The job waits no more. Bounded, since with Redis away the call would wait for it; then the name is free after a while. */
  private async letNextOfNameBeAdded(job: Job<Payload>): Promise<void> {
    if (job.deduplicationId === undefined) return;
    const removed = job.removeDeduplicationKey().then(
      () => undefined,
      () => undefined,
    );
    await withTimeout(NAME_TIMEOUT_MS, removed, () => undefined);
  }

  /** BullMQ's entry. A job of another version belongs to another release, whose workers take its row from the sweep. */
  override async process(job: Job<Payload>): Promise<void> {
    const work = Promise.all([this.letNextOfNameBeAdded(job), this.run(job)]);
    this.underWay.add(work);
    try {
      await work;
    } finally {
      this.underWay.delete(work);
    }
  }

  private async run({ id, data }: Job<Payload>): Promise<void> {
    if (data.v !== this.options.contract.version) {
      this.logger.warn(`A job of version ${String(data.v)} was dropped`);
      return;
    }
    const requestId = data.requestId ?? id ?? 'unknown';
    await RequestContext.run({ requestId }, () => this.trace(data, id, () => this.handle(data)));
  }
}
