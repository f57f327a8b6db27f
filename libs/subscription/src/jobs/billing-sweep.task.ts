import { Metrics } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { BillingTaskStore } from './billing-task.store.js';
import { BillingJobs } from './billing-jobs.service.js';

const SWEEP_MS = 1_000;

/**
 * Rings for what is due and nobody came for: events whose bell was lost or that failed, customers whose plan may have
 * changed unheard, deleted accounts. With it, Redis may lose everything at any time.
 */
@Injectable()
export class BillingSweepTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(BillingSweepTask.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping = false;
  private readonly backlog: Gauge<'kind'>;

  constructor(
    private readonly gateway: PaymentGateway,
    private readonly tasks: BillingTaskStore,
    private readonly bell: BillingJobs,
    metrics: Metrics,
  ) {
    this.backlog = new Gauge({
      name: 'billing_backlog',
      help: 'Tasks that wait: events not processed, customers due to be looked at, deleted accounts not ended at Stripe.',
      labelNames: ['kind'],
      registers: [metrics],
    });
  }

  onApplicationBootstrap(): void {
    if (this.gateway.isConfigured) this.timer = setInterval(() => void this.sweep(), SWEEP_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** One round; a round that takes longer than the pause between two isn't joined by another. */
  async sweep(): Promise<void> {
    if (this.sweeping) return;
    this.sweeping = true;
    try {
      await this.bell.enqueue(await this.tasks.takeDue());
      for (const [kind, count] of Object.entries(await this.tasks.backlog())) this.backlog.set({ kind }, count);
    } catch (error) {
      this.logger.warn(`The sweep failed: ${(error as Error).message}`);
    } finally {
      this.sweeping = false;
    }
  }
}
