import { Clock, Metrics, PeriodicTask } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { EventIntakeService } from '../jobs/event-intake.service.js';
import { type ListedPaymentEvent, PaymentGateway } from '../stripe/payment-gateway.port.js';
import { SubscriptionStore } from '../sync/subscription.store.js';
import { EventCursorStore } from './event-cursor.store.js';
import { ReconcilerConfig } from './reconciler.config.js';

const MINUTE_MS = 60_000;
/** Read again each time: Stripe may list an event a little late, and its clock isn't ours. */
const OVERLAP_MS = 10 * MINUTE_MS;
/** After an outage the list is read in pieces, and the cursor moves after each. */
const PIECE_MS = 6 * 60 * MINUTE_MS;
/** Stripe lists the last 30 days. What is older is only found by synchronising every customer. */
const LISTED_MS = 29 * 24 * 60 * MINUTE_MS;
const BATCH = 100;

/** Reads Stripe's own list of events, so that a webhook that never arrived is only late. */
@Injectable()
export class EventReconcilerTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly task: PeriodicTask;
  private readonly reconciledAt: Gauge;

  constructor(
    private readonly gateway: PaymentGateway,
    private readonly intake: EventIntakeService,
    private readonly cursor: EventCursorStore,
    private readonly subscriptions: SubscriptionStore,
    private readonly clock: Clock,
    config: ReconcilerConfig,
    metrics: Metrics,
  ) {
    this.task = new PeriodicTask({
      name: "Reading Stripe's list of events",
      intervalMs: config.STRIPE_RECONCILE_SECONDS * 1_000,
      run: () => this.catchUp(),
    });
    this.reconciledAt = new Gauge({
      name: 'billing_reconciled_timestamp_seconds',
      help: "When this process last read Stripe's list of events to its end.",
      registers: [metrics],
    });
  }

  onApplicationBootstrap(): void {
    if (this.gateway.isConfigured) this.task.startNow();
  }

  onApplicationShutdown(): void {
    this.task.stop();
  }

  /**
   * Reads from where the last reading ended up to now, unless another worker does.
   *
   * @throws PaymentProviderUnavailableError; the cursor stays behind what was read by then
   */
  private async catchUp(): Promise<void> {
    const readUntil = await this.cursor.claim();
    if (readUntil === null) return;
    try {
      const now = this.clock.now();
      if (now.getTime() - readUntil.getTime() > LISTED_MS) await this.subscriptions.scheduleSyncOfAll();
      for (const [from, until] of pieces(readUntil, now)) {
        await this.readPiece(from, until);
        await this.cursor.moveTo(until ?? now);
      }
      this.reconciledAt.setToCurrentTime();
    } finally {
      await this.cursor.release();
    }
  }

  private async readPiece(from: Date, until: Date | null): Promise<void> {
    const batch: ListedPaymentEvent[] = [];
    for await (const event of this.gateway.events(from, until)) {
      batch.push(event);
      if (batch.length === BATCH) await this.take(batch.splice(0));
    }
    if (batch.length > 0) await this.take(batch);
  }

  private async take(events: ListedPaymentEvent[]): Promise<void> {
    await this.cursor.extend();
    await this.intake.take('list', events);
  }
}

/** Cuts the time since the last reading into pieces; the last one has no end, since Stripe's clock may be ahead. */
function* pieces(readUntil: Date, now: Date): Generator<[from: Date, until: Date | null]> {
  let from = Math.min(readUntil.getTime(), now.getTime()) - OVERLAP_MS;
  for (; from + PIECE_MS < now.getTime(); from += PIECE_MS) yield [new Date(from), new Date(from + PIECE_MS)];
  yield [new Date(from), null];
}
