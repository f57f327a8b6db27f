/** The BullMQ queue on which the worker hears of work for Stripe. */
export const BILLING_QUEUE = 'stripe-sync';

/** The name of the one kind of job on it. */
export const BILLING_JOB = 'billing';

/** Raised when the payload changes its meaning; a worker drops versions that it does not know. */
export const BILLING_JOB_VERSION = 1;

/**
 * "Look at this": a doorbell like the one for replies. Rows in PostgreSQL say whether there is anything to do, so a job
 * may be lost, doubled or late without harm.
 */
export interface BillingJob {
  v: typeof BILLING_JOB_VERSION;
  /** An event that arrived, a customer to look at again, or the customer of a deleted account. */
  kind: 'event' | 'customer' | 'cancellation';
  /** Stripe's id of it. */
  id: string;
  /** The request that caused it, for the logs. */
  requestId?: string;
}
