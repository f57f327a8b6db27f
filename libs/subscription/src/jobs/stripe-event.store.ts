import { Database, type PreparedStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { PaymentEvent } from '../stripe/payment-gateway.port.js';

/** An event that we stored, and how far we are with it. */
export interface StoredEvent {
  customerId: string | null;
  objectType: string | null;
  objectId: string | null;
  receivedAt: Date;
  /** Null: still to be processed. */
  processedAt: Date | null;
}

/** What storing events led to. */
export interface StoredEvents {
  /** How many were new. */
  added: number;
  /** Those of the new ones that are to be processed. */
  due: string[];
}

/** Types, without the `v1.` of thin events, that say nothing about a plan are not worth a look at Stripe. */
const PLAN_TYPES = [
  'checkout.session.',
  'customer.deleted',
  'customer.subscription.',
  'invoice.',
  'subscription_schedule.',
];

// One statement for any number of events. Those that concern no plan are born processed. What is processed says no
// longer whom it was about: nobody needs it, and it would outlive a deleted account.
const STORE: PreparedStatement = {
  name: 'stripe_event_store',
  text: `
    INSERT INTO stripe_event (id, type, customer_id, object_type, object_id, processed_at)
    SELECT id, type, CASE WHEN is_due THEN customer_id END, CASE WHEN is_due THEN object_type END,
           CASE WHEN is_due THEN object_id END, CASE WHEN NOT is_due THEN now() END
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[])
      AS event (id, type, customer_id, object_type, object_id, is_due)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, processed_at IS NULL AS "isDue"`,
};

/** The events that we heard of, each once, in PostgreSQL. */
@Injectable()
export class StripeEventStore {
  constructor(private readonly database: Database) {}

  /** Stores those events that are new. */
  async store(events: PaymentEvent[]): Promise<StoredEvents> {
    const columns = (['id', 'type', 'customerId', 'objectType', 'objectId'] as const).map((name) =>
      events.map((event) => event[name]),
    );
    const stored = await this.database.run<{ id: string; isDue: boolean }>(STORE, [
      ...columns,
      events.map(concernsAPlan),
    ]);
    return { added: stored.length, due: stored.filter(({ isDue }) => isDue).map(({ id }) => id) };
  }

  async find(id: string): Promise<StoredEvent | null> {
    return this.database.prisma.stripeEvent.findUnique({ where: { id } });
  }

  /** The event is done with, and forgets whom it was about. */
  async processed(id: string): Promise<void> {
    await this.database.prisma.stripeEvent.updateMany({
      where: { id, processedAt: null },
      data: { processedAt: new Date(), customerId: null, objectType: null, objectId: null },
    });
  }
}

function concernsAPlan({ type, customerId, objectId }: PaymentEvent): boolean {
  const plainType = type.replace(/^v1\./, '');
  return (customerId ?? objectId) !== null && PLAN_TYPES.some((prefix) => plainType.startsWith(prefix));
}
