import type { QueueContract, QueueJob } from '@app/contracts';
import { WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import { RequestContext } from '../request/request-context.js';
import { withTimeout } from '../timeout/with-timeout.js';

/** How long a job may take to let another of its name be added. */
const NAME_TIMEOUT_MS = 300;

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

  constructor(private readonly options: QueueWorkerOptions) {
    super();
  }

  /** Does what the job says. */
  protected abstract handle(payload: Payload): Promise<void>;

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.options.concurrency;
    this.worker.on('error', (error) => this.logger.debug(`Queue: ${error.message}`));
    void this.worker.run();
  }

  /** Takes no further job, and waits for those under way. What takes too long is found again by the sweep. */
  async onModuleDestroy(): Promise<void> {
    // Closing waits for Redis without end.
    await withTimeout(this.options.closeTimeoutMs, this.worker.close(), () => undefined);
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
    await Promise.all([this.letNextOfNameBeAdded(job), this.run(job)]);
  }

  private async run({ id, data }: Job<Payload>): Promise<void> {
    if (data.v !== this.options.contract.version) {
      this.logger.warn(`A job of version ${String(data.v)} was dropped`);
      return;
    }
    const requestId = data.requestId ?? id ?? 'unknown';
    await RequestContext.run({ requestId }, () => this.handle(data));
  }
}
