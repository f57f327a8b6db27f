import { Metrics, PeriodicTask } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { BillingJobsService } from './billing-jobs.service.js';
import { BillingTaskStore } from './billing-task.store.js';

const INTERVAL_MS = 1_000;

/**
 * Enqueues what is due and has no job: events whose job was lost or failed, customers whose plan may have changed
 * without an event, deleted accounts. With it, Redis may lose everything at any time.
 */
@Injectable()
export class BillingSweepTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly task = new PeriodicTask({
    name: "The sweep of billing's due tasks",
    intervalMs: INTERVAL_MS,
    run: () => this.sweep(),
  });
  private readonly backlog: Gauge<'kind'>;

  constructor(
    private readonly gateway: PaymentGateway,
    private readonly tasks: BillingTaskStore,
    private readonly jobs: BillingJobsService,
    metrics: Metrics,
  ) {
    this.backlog = new Gauge({
      name: 'billing_backlog',
      help: 'Tasks that wait: events not processed, customers due to be synchronised, deleted accounts not ended at Stripe.',
      labelNames: ['kind'],
      registers: [metrics],
    });
  }

  /** Without access to Stripe nothing could be done about a task, so they wait in PostgreSQL. */
  onApplicationBootstrap(): void {
    if (this.gateway.isConfigured) this.task.start();
  }

  onApplicationShutdown(): void {
    this.task.stop();
  }

  private async sweep(): Promise<void> {
    await this.jobs.enqueue(await this.tasks.takeDue());
    for (const [kind, count] of Object.entries(await this.tasks.backlog())) this.backlog.set({ kind }, count);
  }
}
