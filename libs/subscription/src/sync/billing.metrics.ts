import { Metrics } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';

/** What an operator wants to see of billing. */
@Injectable()
export class BillingMetrics {
  /** Events by the way they came, and whether they were known. A new one from the list is a webhook that failed us. */
  readonly events: Counter<'source' | 'novelty'>;
  /** Looks at Stripe, and whether they changed what we thought. */
  readonly syncs: Counter<'outcome'>;
  /** Customers seen with more than one running subscription: someone pays twice. */
  readonly doubles: Counter;
  /** Tasks that wait in PostgreSQL. */
  readonly backlog: Gauge<'kind'>;
  /** When the list of events was last read to its end. */
  readonly reconciledAt: Gauge;

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
    this.backlog = new Gauge({
      name: 'billing_backlog',
      help: 'Tasks that wait: events not processed, customers due to be looked at, deleted accounts not ended at Stripe.',
      labelNames: ['kind'],
      registers,
    });
    this.reconciledAt = new Gauge({
      name: 'billing_reconciled_timestamp_seconds',
      help: "When this process last read Stripe's list of events to its end.",
      registers,
    });
  }
}
