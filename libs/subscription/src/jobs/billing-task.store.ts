import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { BillingTask } from './billing-jobs.service.js';

/** How many of each kind one sweep takes; the rest waits for the next one. */
const BATCH = 100;

/**
 * Takes due rows of one table: they are due again after a time by which their task should be done. Rows that another worker
 * takes are skipped. They are updated by their place in the table: by their keys, PostgreSQL may prefer to read all of it.
 */
const takeSql = (table: string, column: string, again: string, id: string): string => `
  UPDATE ${table} SET ${column} = now() + interval '${again}'
  WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM ${table} WHERE ${column} <= now() ORDER BY ${column} LIMIT $1 FOR UPDATE SKIP LOCKED
  )) RETURNING ${id} AS id`;

const TAKE_DUE = prepared<BillingTask>(
  'billing_take_due',
  `
    WITH events AS (${takeSql('stripe_event', 'next_enqueue_at', '30 seconds', 'id')}),
    customers AS (${takeSql('subscription', 'resync_at', '5 minutes', 'stripe_customer_id')}),
    cancellations AS (${takeSql('stripe_cancellation', 'next_enqueue_at', '1 minute', 'customer_id')})
    SELECT 'event' AS kind, id FROM events
    UNION ALL SELECT 'customer', id FROM customers WHERE id IS NOT NULL
    UNION ALL SELECT 'cancellation', id FROM cancellations`,
);

const POSTPONE_EVENT = prepared(
  'billing_postpone_event',
  "UPDATE stripe_event SET next_enqueue_at = now() + interval '1 second' WHERE id = $1 AND processed_at IS NULL",
);

/** Doubling from two seconds to five minutes, with jitter, so that what failed together isn't tried again together. */
const backOffSql = (table: string, task: string): string => `
  UPDATE ${table} SET failures = failures + 1,
    next_enqueue_at = now() + make_interval(secs => LEAST(300, 2 ^ LEAST(failures + 1, 9)) * (1 + random() / 2))
  WHERE ${task}`;

/** The tasks that count their failures. A customer's is due again at its regular time, see {@link TAKE_DUE}. */
type CountingTask = BillingTask & { kind: 'event' | 'cancellation' };

const BACK_OFF = {
  event: prepared('billing_back_off_event', backOffSql('stripe_event', 'id = $1 AND processed_at IS NULL')),
  cancellation: prepared('billing_back_off_cancellation', backOffSql('stripe_cancellation', 'customer_id = $1')),
};

// A statement, since a worker runs it every few seconds: one round trip instead of three, and through Prisma it would load its query
// compiler for this alone (docs/adr/0028).
const BACKLOG = prepared<Record<BillingTask['kind'], number>>(
  'billing_backlog',
  `
    SELECT (SELECT count(*)::int FROM stripe_event WHERE next_enqueue_at IS NOT NULL) AS event,
           (SELECT count(*)::int FROM subscription WHERE resync_at <= now()) AS customer,
           (SELECT count(*)::int FROM stripe_cancellation) AS cancellation`,
);

/** What is to be done for billing, and when: the rows of three tables, seen as one list of tasks. */
@Injectable()
export class BillingTaskStore {
  constructor(private readonly database: Database) {}

  /** Takes tasks that are due. Should they not be done by then, they are due again after some time. */
  takeDue(): Promise<BillingTask[]> {
    return this.database.run(TAKE_DUE, [BATCH]);
  }

  /** Has an event enqueued again in a second, without counting a failure: its customer's lease is held by another. */
  async postponeEvent(id: string): Promise<void> {
    await this.database.run(POSTPONE_EVENT, [id]);
  }

  /** Has a task that failed enqueued again, after a pause that grows with its failures. */
  async backOff({ kind, id }: CountingTask): Promise<void> {
    await this.database.run(BACK_OFF[kind], [id]);
  }

  /** How many tasks of each kind are open. */
  async backlog(): Promise<Record<BillingTask['kind'], number>> {
    const [backlog] = await this.database.run(BACKLOG, []);
    return backlog!;
  }
}
