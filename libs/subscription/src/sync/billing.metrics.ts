import { Metrics } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';

/** What API and worker count of billing. */
@Injectable()
export class BillingMetrics {
  /** Events by the way they came, and whether they were known. A new one from the list is a webhook that did not arrive. */
  readonly events: Counter<'source' | 'novelty'>;
  /** Syncs with Stripe, and whether they changed our row. */
  readonly syncs: Counter<'outcome'>;
  /** Syncs that found more than one running subscription: the customer pays twice. */
  readonly doubles: Counter;

  constructor(metrics: Metrics) {
    const registers = [metrics];
    this.events = new Counter({
      name: 'billing_events_total',
      help: "Stripe's events, by the way they came (webhook, list) and whether we knew them (new, known).",
      labelNames: ['source', 'novelty'],
      registers,
    });
    this.syncs = new Counter({
      name: 'billing_syncs_total',
      help: 'Syncs of customers with Stripe: our row was right (same) or not (changed), or Stripe has no such customer (unknown).',
      labelNames: ['outcome'],
      registers,
    });
    this.doubles = new Counter({
      name: 'billing_double_subscriptions_total',
      help: 'Syncs of customers that found more than one running subscription.',
      registers,
    });
  }
}
