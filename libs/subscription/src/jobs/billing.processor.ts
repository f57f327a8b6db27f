import { BILLING_QUEUE, type BillingJob } from '@app/contracts';
import { QueueWorkerHost } from '@app/platform';
import { Processor } from '@nestjs/bullmq';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { type SyncOutcome, SubscriptionSyncService } from '../sync/subscription-sync.service.js';
import { BillingTaskMetrics } from './billing-task.metrics.js';
import { BillingTaskStore } from './billing-task.store.js';
import { StripeCancellationService } from './stripe-cancellation.service.js';
import { type StoredEvent, StripeEventStore } from './stripe-event.store.js';

/**
 * Jobs a second, all workers together. Of the events of one moment few lead to a call, so this stays below the 25 calls a
 * second that Stripe allows test keys, 100 live ones (docs.stripe.com/rate-limits).
 */
const RATE = { max: 40, duration: 1_000 };

/** Milliseconds in which jobs under way may end at a shutdown. The sweep finds those that take longer. */
const CLOSE_TIMEOUT_MS = 8_000;

/** Jobs that one process works on at a time; mostly they wait for Stripe. */
const CONCURRENCY = 10;

/**
 * Works on billing's jobs: events that arrived, customers to synchronise, accounts that were deleted. A job for something
 * that is done finds nothing to do. A failure is stored in PostgreSQL, and the sweep enqueues the task again.
 */
@Processor(BILLING_QUEUE.queue, { autorun: false, limiter: RATE })
export class BillingProcessor extends QueueWorkerHost<BillingJob> {
  constructor(
    private readonly gateway: PaymentGateway,
    private readonly events: StripeEventStore,
    private readonly sync: SubscriptionSyncService,
    private readonly cancellations: StripeCancellationService,
    private readonly tasks: BillingTaskStore,
    private readonly metrics: BillingTaskMetrics,
  ) {
    super({ contract: BILLING_QUEUE, concurrency: CONCURRENCY, closeTimeoutMs: CLOSE_TIMEOUT_MS });
  }

  protected override async handle({ kind, id }: BillingJob): Promise<void> {
    try {
      await this.attempt(kind, id);
    } catch (error) {
      this.logger.warn(`The ${kind} ${id} is tried again later: ${(error as Error).message}`);
      // The sweep has set the time of a customer's next sync when it took the customer.
      if (kind !== 'customer') await this.tasks.backOff({ kind, id });
    }
  }

  private async attempt(kind: BillingJob['kind'], id: string): Promise<void> {
    switch (kind) {
      case 'event':
        return this.processEvent(id);
      case 'customer':
        await this.sync.syncCustomer(id, null);
        return;
      case 'cancellation':
        return this.cancellations.carryOut(id);
    }
  }

  private async processEvent(id: string): Promise<void> {
    const event = await this.events.find(id);
    if (event === null || event.processedAt !== null) return;
    const customerId = event.customerId ?? (await this.customerBehind(event));
    const outcome: SyncOutcome =
      customerId === null ? 'unknown_customer' : await this.sync.syncCustomer(customerId, event.receivedAt);
    if (outcome === 'busy') return this.tasks.postponeEvent(id);
    await this.events.markProcessed(id);
    this.metrics.processed(event.receivedAt);
  }

  /** Events that name no customer (thin ones) lead to one by their object. */
  private async customerBehind({ objectType, objectId }: StoredEvent): Promise<string | null> {
    return objectType === null || objectId === null ? null : this.gateway.customerOf(objectType, objectId);
  }
}
