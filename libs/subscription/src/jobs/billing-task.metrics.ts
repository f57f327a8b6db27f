import { Metrics, SharedState } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Gauge, Histogram } from 'prom-client';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { BillingTaskStore } from './billing-task.store.js';

/** What of billing waits to be done, whichever worker will do it, and how long events take. */
@Injectable()
export class BillingTaskMetrics {
  private readonly backlog: Gauge<'kind'>;
  private readonly lag: Histogram;

  constructor(
    metrics: Metrics,
    gateway: PaymentGateway,
    private readonly tasks: BillingTaskStore,
  ) {
    const state = new SharedState("billing's backlog", () => this.read());
    this.backlog = new Gauge({
      name: 'billing_backlog',
      help: 'Tasks that wait: events not processed, customers due to be synchronised, deleted accounts not ended at Stripe.',
      labelNames: ['kind'],
      registers: [state],
    });
    this.lag = new Histogram({
      name: 'billing_webhook_lag_seconds',
      help: "Time from the arrival of one of Stripe's events, by webhook or from the list, to the end of its processing.",
      buckets: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600],
      registers: [metrics],
    });
    // Without access to Stripe tasks wait for ever, and that is no trouble.
    if (gateway.isConfigured) metrics.share(state);
  }

  /** @param receivedAt of an event that is processed now, by the database's clock */
  processed(receivedAt: Date): void {
    this.lag.observe(Math.max(0, Date.now() - receivedAt.getTime()) / 1_000);
  }

  private async read(): Promise<void> {
    for (const [kind, count] of Object.entries(await this.tasks.backlog())) this.backlog.set({ kind }, count);
  }
}
