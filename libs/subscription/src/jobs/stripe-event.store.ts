import { Database } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { PaymentEvent } from '../stripe/payment-gateway.port.js';
import { concernsPlan } from '../stripe/plan-events.js';

/** An event that was stored, and how far its processing is. */
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
  /** The ids of those of the new ones that are to be processed. */
  due: string[];
}

/** The events that we received, each once, in PostgreSQL. */
@Injectable()
export class StripeEventStore {
  constructor(private readonly database: Database) {}

  /**
   * Stores those events that are new, in one statement. Those that concern no plan are inserted as processed. A processed
   * event does not say whom it was about: that is not needed any more, and would outlive a deleted account.
   */
  async store(events: PaymentEvent[]): Promise<StoredEvents> {
    const now = new Date();
    const stored = await this.database.prisma.stripeEvent.createManyAndReturn({
      data: events.map((event) => toRow(event, now)),
      skipDuplicates: true,
      select: { id: true, processedAt: true },
    });
    const due = stored.filter(({ processedAt }) => processedAt === null);
    return { added: stored.length, due: due.map(({ id }) => id) };
  }

  /** The event of this id, if it was stored. */
  async find(id: string): Promise<StoredEvent | null> {
    return this.database.prisma.stripeEvent.findUnique({ where: { id } });
  }

  /** Marks the event as processed, and removes whom it was about. */
  async markProcessed(id: string): Promise<void> {
    await this.database.prisma.stripeEvent.updateMany({
      where: { id, processedAt: null },
      data: { processedAt: new Date(), nextEnqueueAt: null, customerId: null, objectType: null, objectId: null },
    });
  }
}

/** When a due event is enqueued again is up to the database's clock, which the sweep compares with. */
function toRow(event: PaymentEvent, now: Date): StripeEventRow {
  const { id, type, customerId, objectType, objectId } = event;
  return concernsPlan(event)
    ? { id, type, customerId, objectType, objectId, processedAt: null }
    : { id, type, customerId: null, objectType: null, objectId: null, processedAt: now, nextEnqueueAt: null };
}

type StripeEventRow = PaymentEvent & Pick<StoredEvent, 'processedAt'> & { nextEnqueueAt?: null };
