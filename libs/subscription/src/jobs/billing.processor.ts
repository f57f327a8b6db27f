import { setTimeout } from 'node:timers/promises';
import { BILLING_JOB_VERSION, BILLING_QUEUE, type BillingJob } from '@app/contracts';
import { ProcessConfig, RequestContext } from '@app/platform';
import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { BillingTaskStore } from './billing-task.store.js';
import type { BillingTask } from './billing-jobs.service.js';
import { StripeCancellationService } from './stripe-cancellation.service.js';
import { type StoredEvent, StripeEventStore } from './stripe-event.store.js';
import { type SyncOutcome, SubscriptionSync } from '../sync/subscription-sync.service.js';

/**
 * Jobs a second, all workers together. Of the events of one moment few lead to a call, so this stays below the 25 calls a
 * second that Stripe allows test keys, 100 live ones (docs.stripe.com/rate-limits).
 */
const RATE = { max: 40, duration: 1_000 };

/**
 * Does what billing's bell rings for: events that arrived, customers to look at again, accounts that were deleted.
 * A ring for something that is done finds nothing to do. What fails is remembered in PostgreSQL, and rung for again.
 */
@Processor(BILLING_QUEUE, { autorun: false, concurrency: 10, limiter: RATE })
export class BillingProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(BillingProcessor.name);

  constructor(
    private readonly gateway: PaymentGateway,
    private readonly events: StripeEventStore,
    private readonly sync: SubscriptionSync,
    private readonly cancellations: StripeCancellationService,
    private readonly tasks: BillingTaskStore,
    private readonly processConfig: ProcessConfig,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.worker.on('error', (error) => this.logger.debug(`Queue: ${error.message}`));
    void this.worker.run();
  }

  /** Takes no further job, and finishes those under way; what takes too long is found again by its row. */
  async onModuleDestroy(): Promise<void> {
    // Closing waits for Redis, too, for ever.
    const patience = setTimeout(this.processConfig.SHUTDOWN_TIMEOUT_MS * 0.8, undefined, { ref: false });
    await Promise.race([this.worker.close(), patience]);
  }

  /** BullMQ's entry. Never throws: the rows say what is to be done again, not the queue. */
  override async process({ id, data }: Job<BillingJob>): Promise<void> {
    if (data.v !== BILLING_JOB_VERSION) return this.logger.warn(`A job of version ${String(data.v)} was dropped`);
    await RequestContext.run({ requestId: data.requestId ?? id ?? data.id }, () => this.work(data));
  }

  private async work(task: BillingTask): Promise<void> {
    try {
      await this.carryOut(task);
    } catch (error) {
      this.logger.warn(`The ${task.kind} ${task.id} has to wait: ${(error as Error).message}`);
      await this.tasks.backOff(task);
    }
  }

  private async carryOut(task: BillingTask): Promise<void> {
    switch (task.kind) {
      case 'event':
        return this.processEvent(task);
      case 'customer':
        await this.sync.syncCustomer(task.id, null);
        return;
      case 'cancellation':
        return this.cancellations.carryOut(task.id);
    }
  }

  private async processEvent(task: BillingTask): Promise<void> {
    const event = await this.events.find(task.id);
    if (event === null || event.processedAt !== null) return;
    const customerId = event.customerId ?? (await this.customerBehind(event));
    const outcome: SyncOutcome =
      customerId === null ? 'nobody' : await this.sync.syncCustomer(customerId, event.receivedAt);
    await (outcome === 'busy' ? this.tasks.postpone(task) : this.events.processed(task.id));
  }

  /** Events that name no customer (thin ones) lead to one by their object. */
  private async customerBehind({ objectType, objectId }: StoredEvent): Promise<string | null> {
    return objectType === null || objectId === null ? null : this.gateway.customerOf(objectType, objectId);
  }
}
