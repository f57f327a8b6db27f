import { Metrics } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';

/** What API and worker count of billing. */
@Injectable()
export class BillingMetrics {
  /** Events by the way they came, and whether they were known. A new one from the list is a webhook that failed us. */
  readonly events: Counter<'source' | 'novelty'>;
  /** Looks at Stripe, and whether they changed what we thought. */
  readonly syncs: Counter<'outcome'>;
  /** Customers seen with more than one running subscription: someone pays twice. */
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
      help: 'Looks at customers in Stripe: our row was right (same) or not (changed), or Stripe has no such customer (unknown).',
      labelNames: ['outcome'],
      registers,
    });
    this.doubles = new Counter({
      name: 'billing_double_subscriptions_total',
      help: 'Looks at customers that found more than one running subscription.',
      registers,
    });
  }
}
