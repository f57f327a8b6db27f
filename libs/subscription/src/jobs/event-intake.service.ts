import { Injectable } from '@nestjs/common';
import type { PaymentEvent } from '../stripe/payment-gateway.port.js';
import { BillingMetrics } from '../sync/billing.metrics.js';
import { BillingJobsService } from './billing-jobs.service.js';
import { StripeEventStore } from './stripe-event.store.js';

/** Takes Stripe's events in, whichever way they come: stores them, counts them, and enqueues those to be processed. */
@Injectable()
export class EventIntakeService {
  constructor(
    private readonly events: StripeEventStore,
    private readonly jobs: BillingJobsService,
    private readonly metrics: BillingMetrics,
  ) {}

  /**
   * Takes events in, known ones included: those change nothing.
   *
   * @param source how they came: by webhook, or from Stripe's list of past events
   */
  async take(source: 'webhook' | 'list', events: PaymentEvent[]): Promise<void> {
    const { added, due } = await this.events.store(events);
    this.metrics.events.inc({ source, novelty: 'new' }, added);
    this.metrics.events.inc({ source, novelty: 'known' }, events.length - added);
    await this.jobs.enqueue(due.map((id) => ({ kind: 'event', id })));
  }
}
