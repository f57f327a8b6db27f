import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { StripeState } from '../account/stripe-state.js';
import { TestClock } from '../account/test-clock.js';
import { Timekeeper } from '../account/timekeeper.js';
import { ApiFaults } from '../http/api-faults.js';
import { Idempotency } from '../http/idempotency.js';
import { Journal } from '../http/journal.js';
import { StripeSandboxConfig } from '../stripe-sandbox.config.js';
import { WebhookDeliveries } from '../webhooks/webhook-deliveries.js';
import type { Endpoint } from '../webhooks/delivery.js';

const TICK_MS = 1000;

/** Starts the sandbox's Stripe, does what is due every second, and resets it. */
@Injectable()
export class StripeSandbox implements OnModuleInit, OnModuleDestroy {
  private ticker: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: StripeSandboxConfig,
    private readonly state: StripeState,
    private readonly clock: TestClock,
    private readonly timekeeper: Timekeeper,
    private readonly deliveries: WebhookDeliveries,
    private readonly idempotency: Idempotency,
    private readonly faults: ApiFaults,
    private readonly journal: Journal,
  ) {}

  onModuleInit(): void {
    this.reset();
    this.ticker = setInterval(() => this.timekeeper.settle(), TICK_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.ticker);
  }

  /** Restores the state after the start. */
  reset(): void {
    this.clock.reset();
    this.state.reset(this.config.prices, this.clock.now());
    this.idempotency.clear();
    this.faults.clear();
    this.faults.setAvailability('up');
    this.journal.clear();
    this.deliveries.reset(this.configuredEndpoints());
  }

  private configuredEndpoints(): Omit<Endpoint, 'id'>[] {
    const { webhookUrl: url, webhookSecret, webhookPayload } = this.config;
    if (url === null) return [];
    const styles = webhookPayload === 'both' ? (['snapshot', 'thin'] as const) : [webhookPayload];
    return styles.map((payload) => ({ url, secrets: [webhookSecret], payload, types: ['*'] }));
  }
}
