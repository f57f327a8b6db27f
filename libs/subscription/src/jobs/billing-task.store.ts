import { Database, type PreparedStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { BillingTask } from './billing-jobs.service.js';

/** How many of each kind one sweep rings for; the rest waits for the next one. */
const BATCH = 100;

// Whatever is rung for here is not rung for again for a while, by which time it should be done.
const DUE: PreparedStatement = {
  name: 'billing_due',
  text: `
    WITH events AS (
      UPDATE stripe_event SET ring_at = now() + interval '30 seconds'
      WHERE id IN (SELECT id FROM stripe_event WHERE processed_at IS NULL AND ring_at <= now()
                   ORDER BY ring_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING id
    ), customers AS (
      UPDATE subscription SET resync_at = now() + interval '5 minutes'
      WHERE user_id IN (SELECT user_id FROM subscription WHERE resync_at <= now()
                        ORDER BY resync_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING stripe_customer_id AS id
    ), cancellations AS (
      UPDATE stripe_cancellation SET ring_at = now() + interval '1 minute'
      WHERE customer_id IN (SELECT customer_id FROM stripe_cancellation WHERE ring_at <= now()
                            ORDER BY ring_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING customer_id AS id
    )
    SELECT 'event' AS kind, id FROM events
    UNION ALL SELECT 'customer', id FROM customers WHERE id IS NOT NULL
    UNION ALL SELECT 'cancellation', id FROM cancellations`,
};

const POSTPONE_EVENT: PreparedStatement = {
  name: 'billing_postpone_event',
  text: "UPDATE stripe_event SET ring_at = now() + interval '1 second' WHERE id = $1 AND processed_at IS NULL",
};

/** Doubling from two seconds to five minutes, spread so that what failed together doesn't come back together. */
const backOff = (table: string, key: string): string => `
  UPDATE ${table} SET failures = failures + 1,
    ring_at = now() + make_interval(secs => LEAST(300, 2 ^ LEAST(failures + 1, 9)) * (1 + random() / 2))
  WHERE ${key} = $1`;

const BACK_OFF: Record<'event' | 'cancellation', PreparedStatement> = {
  event: { name: 'billing_back_off_event', text: backOff('stripe_event', 'id') },
  cancellation: { name: 'billing_back_off_cancellation', text: backOff('stripe_cancellation', 'customer_id') },
};

const BACKLOG: PreparedStatement = {
  name: 'billing_backlog',
  text: `
    SELECT (SELECT count(*)::int FROM stripe_event WHERE processed_at IS NULL) AS event,
           (SELECT count(*)::int FROM subscription WHERE resync_at <= now()) AS customer,
           (SELECT count(*)::int FROM stripe_cancellation) AS cancellation`,
};

/** What is to be done for billing, and when: the rows of three tables, seen as one list of tasks. */
@Injectable()
export class BillingTaskStore {
  constructor(private readonly database: Database) {}

  /** Takes tasks that are due; they are due again, should they not be done by then, after some time. */
  takeDue(): Promise<BillingTask[]> {
    return this.database.run<BillingTask>(DUE, [BATCH]);
  }

  /** Someone else is at this customer: look again in a second. */
  async postpone({ kind, id }: BillingTask): Promise<void> {
    if (kind === 'event') await this.database.run(POSTPONE_EVENT, [id]);
  }

  /** The task failed: look again after a pause that grows with its failures. Customers keep their place in the round. */
  async backOff({ kind, id }: BillingTask): Promise<void> {
    if (kind !== 'customer') await this.database.run(BACK_OFF[kind], [id]);
  }

  /** How many tasks of each kind are open. */
  async backlog(): Promise<Record<BillingTask['kind'], number>> {
    const [counts] = await this.database.run<Record<BillingTask['kind'], number>>(BACKLOG, []);
    return counts ?? { event: 0, customer: 0, cancellation: 0 };
  }
}
