import type { QueueContract, QueueJob } from './queue-job.js';

/** The queue on which the worker hears of work for Stripe. */
export const BILLING_QUEUE = { queue: 'stripe-sync', job: 'billing', version: 1 } as const satisfies QueueContract;

/**
 * A wake-up like the one for replies: rows in PostgreSQL say whether there is anything to do, so a job may be lost, doubled
 * or late without harm.
 */
export interface BillingJob extends QueueJob {
  /** An event that arrived, a customer to synchronise, or the customer of a deleted account. */
  kind: 'event' | 'customer' | 'cancellation';
  /** Stripe's id of it. */
  id: string;
}
