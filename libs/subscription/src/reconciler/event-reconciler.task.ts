import { Clock, Database, Metrics, type PreparedStatement } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { type ListedPaymentEvent, PaymentGateway } from '../stripe/payment-gateway.port.js';
import { BillingJobs } from '../jobs/billing-jobs.service.js';
import { BillingMetrics } from '../sync/billing.metrics.js';
import { ReconcilerConfig } from './reconciler.config.js';
import { StripeEventStore } from '../jobs/stripe-event.store.js';

const MINUTE_MS = 60_000;
/** Read again each time: Stripe may list an event a little late, and its clock isn't ours. */
const OVERLAP_MS = 10 * MINUTE_MS;
/** After an outage the list is caught up with in pieces, each remembered when it is done. */
const PIECE_MS = 6 * 60 * MINUTE_MS;
/** Stripe lists the last 30 days. What is older can only be found by looking at every customer. */
const LISTED_MS = 29 * 24 * 60 * MINUTE_MS;
const BATCH = 100;

// The first reading begins a day back, for what happened before the first worker ran. The lease only spares Stripe the
// same calls twice: two readers do no harm, so it may be short, and a reader that died holds nobody up.
const TAKE_CURSOR: PreparedStatement = {
  name: 'billing_take_cursor',
  text: `
    INSERT INTO stripe_event_cursor AS cursor (id, read_until, lease_until)
    VALUES (1, now() - interval '1 day', now() + interval '15 seconds')
    ON CONFLICT (id) DO UPDATE SET lease_until = EXCLUDED.lease_until
      WHERE cursor.lease_until IS NULL OR cursor.lease_until <= now()
    RETURNING read_until AS "readUntil"`,
};

const KEEP_CURSOR: PreparedStatement = {
  name: 'billing_keep_cursor',
  text: "UPDATE stripe_event_cursor SET lease_until = now() + interval '15 seconds'",
};

const LOOK_AT_EVERYONE: PreparedStatement = {
  name: 'billing_look_at_everyone',
  text: `UPDATE subscription SET resync_at = now() + random() * interval '1 hour' WHERE stripe_customer_id IS NOT NULL`,
};

// Stripe delivers for three days and lists for thirty; after that an event can't come again.
const FORGET_EVENTS: PreparedStatement = {
  name: 'billing_forget_events',
  text: `
    DELETE FROM stripe_event WHERE id IN (
      SELECT id FROM stripe_event
      WHERE received_at < now() - interval '40 days' AND processed_at IS NOT NULL LIMIT 1000)`,
};

/** Reads Stripe's own list of events, so that a webhook that never arrived is only late. */
@Injectable()
export class EventReconcilerTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(EventReconcilerTask.name);
  private timer: NodeJS.Timeout | undefined;
  private reading = false;
  private readonly reconciledAt: Gauge;

  constructor(
    private readonly gateway: PaymentGateway,
    private readonly events: StripeEventStore,
    private readonly bell: BillingJobs,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: ReconcilerConfig,
    private readonly counters: BillingMetrics,
    metrics: Metrics,
  ) {
    this.reconciledAt = new Gauge({
      name: 'billing_reconciled_timestamp_seconds',
      help: "When this process last read Stripe's list of events to its end.",
      registers: [metrics],
    });
  }

  onApplicationBootstrap(): void {
    if (!this.gateway.isConfigured) return;
    this.timer = setInterval(() => void this.round(), this.config.STRIPE_RECONCILE_SECONDS * 1_000);
    void this.round();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async round(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    try {
      await this.catchUp();
    } catch (error) {
      this.logger.warn(`Stripe's events were not read to the end: ${(error as Error).message}`);
    } finally {
      this.reading = false;
    }
  }

  /**
   * Reads from where the last reading ended up to now, unless another worker is at it.
   *
   * @throws PaymentProviderUnavailableError; what was read by then is remembered
   */
  async catchUp(): Promise<void> {
    const [cursor] = await this.database.run<{ readUntil: Date }>(TAKE_CURSOR, []);
    if (cursor === undefined) return;
    try {
      const now = this.clock.now();
      if (now.getTime() - cursor.readUntil.getTime() > LISTED_MS) await this.database.run(LOOK_AT_EVERYONE, []);
      for (const [from, until] of pieces(cursor.readUntil, now)) {
        await this.readPiece(from, until);
        await this.moveCursor({ readUntil: until ?? now });
      }
      await this.database.run(FORGET_EVENTS, []);
      this.reconciledAt.setToCurrentTime();
    } finally {
      await this.moveCursor({ leaseUntil: null });
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
    await this.database.run(KEEP_CURSOR, []);
    const { added, due } = await this.events.store(events);
    this.counters.events.inc({ source: 'list', novelty: 'new' }, added);
    this.counters.events.inc({ source: 'list', novelty: 'known' }, events.length - added);
    await this.bell.enqueue(due.map((id) => ({ kind: 'event', id })));
  }

  private async moveCursor(data: { readUntil?: Date; leaseUntil?: null }): Promise<void> {
    await this.database.prisma.stripeEventCursor.update({ where: { id: 1 }, data });
  }
}

/** Cuts the time since the last reading into pieces; the last one has no end, since Stripe's clock may be ahead. */
function* pieces(readUntil: Date, now: Date): Generator<[from: Date, until: Date | null]> {
  let from = Math.min(readUntil.getTime(), now.getTime()) - OVERLAP_MS;
  for (; from + PIECE_MS < now.getTime(); from += PIECE_MS) yield [new Date(from), new Date(from + PIECE_MS)];
  yield [new Date(from), null];
}
