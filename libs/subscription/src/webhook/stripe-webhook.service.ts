import { Clock } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { BillingJobs } from '../jobs/billing-jobs.service.js';
import { BillingMetrics } from '../sync/billing.metrics.js';
import { StripeEventStore } from '../jobs/stripe-event.store.js';
import { WebhookConfig } from './webhook.config.js';

/** Takes events in: once they are stored here, Stripe can forget them. */
@Injectable()
export class StripeWebhookService {
  constructor(
    private readonly gateway: PaymentGateway,
    private readonly events: StripeEventStore,
    private readonly bell: BillingJobs,
    private readonly clock: Clock,
    private readonly config: WebhookConfig,
    private readonly metrics: BillingMetrics,
  ) {}

  /**
   * Stores the event if it is new, and rings for the worker. What the event says is not believed, only that something
   * happened, so it may come late, twice, or out of order.
   *
   * @param payload the body's exact bytes
   * @throws InvalidSignatureError
   */
  async receive(payload: Buffer, signature: string | undefined): Promise<void> {
    const secrets = this.config.STRIPE_WEBHOOK_SECRET ?? [];
    const event = this.gateway.readWebhook(payload, signature, secrets, this.clock.now());
    const { added, due } = await this.events.store([event]);
    this.metrics.events.inc({ source: 'webhook', novelty: added === 1 ? 'new' : 'known' });
    await this.bell.enqueue(due.map((id) => ({ kind: 'event', id })));
  }
}
