import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Catalog } from '../account/catalog.js';
import { StripeState } from '../account/stripe-state.js';
import { TestClock } from '../account/test-clock.js';
import { Timekeeper } from '../account/timekeeper.js';
import { Faults } from '../api/faults.js';
import { Idempotency } from '../api/idempotency.js';
import { Journal } from '../api/journal.js';
import { StripeSandboxConfig } from '../stripe-sandbox.config.js';
import { DeliveryDesk } from '../webhooks/delivery-desk.js';
import type { Endpoint } from '../webhooks/delivery.js';

const TICK_MS = 1000;

/** The stand-in as a whole: its beginning, its passing of time, its starting over. */
@Injectable()
export class StripeSandbox implements OnModuleInit, OnModuleDestroy {
  private ticker: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: StripeSandboxConfig,
    private readonly state: StripeState,
    private readonly clock: TestClock,
    private readonly timekeeper: Timekeeper,
    private readonly catalog: Catalog,
    private readonly desk: DeliveryDesk,
    private readonly idempotency: Idempotency,
    private readonly faults: Faults,
    private readonly journal: Journal,
  ) {}

  onModuleInit(): void {
    this.reset();
    this.ticker = setInterval(() => this.timekeeper.settle(), TICK_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.ticker);
  }

  /** Everything as after the start. */
  reset(): void {
    this.state.clear();
    this.clock.reset();
    this.idempotency.clear();
    this.faults.clear();
    this.faults.setAvailability('up');
    this.journal.clear();
    this.desk.reset(this.configuredEndpoints());
    this.catalog.seed(this.config.priceId);
  }

  private configuredEndpoints(): Omit<Endpoint, 'id'>[] {
    const { webhookUrl: url, webhookSecret, webhookPayload } = this.config;
    if (url === null) return [];
    const styles = webhookPayload === 'both' ? (['snapshot', 'thin'] as const) : [webhookPayload];
    return styles.map((payload) => ({ url, secrets: [webhookSecret], payload, types: ['*'] }));
  }
}
