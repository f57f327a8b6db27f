import { PeriodicTask } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
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

  constructor(
    private readonly gateway: PaymentGateway,
    private readonly tasks: BillingTaskStore,
    private readonly jobs: BillingJobsService,
  ) {}

  /** Without access to Stripe nothing could be done about a task, so they wait in PostgreSQL. */
  onApplicationBootstrap(): void {
    if (this.gateway.isConfigured) this.task.start();
  }

  onApplicationShutdown(): void {
    this.task.stop();
  }

  private async sweep(): Promise<void> {
    await this.jobs.enqueue(await this.tasks.takeDue());
  }
}
