import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { BillingTasks } from './billing-tasks.js';
import { BillingBell } from './billing.bell.js';
import { BillingMetrics } from './billing.metrics.js';

const SWEEP_MS = 1_000;

/**
 * Rings for what is due and nobody came for: events whose bell was lost or that failed, customers whose plan may have
 * changed unheard, deleted accounts. With it, Redis may lose everything at any time.
 */
@Injectable()
export class BillingSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(BillingSweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping = false;

  constructor(
    private readonly gateway: PaymentGateway,
    private readonly tasks: BillingTasks,
    private readonly bell: BillingBell,
    private readonly metrics: BillingMetrics,
  ) {}

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
      await this.bell.ring(await this.tasks.takeDue());
      for (const [kind, count] of Object.entries(await this.tasks.backlog())) this.metrics.backlog.set({ kind }, count);
    } catch (error) {
      this.logger.warn(`The sweep failed: ${(error as Error).message}`);
    } finally {
      this.sweeping = false;
    }
  }
}
