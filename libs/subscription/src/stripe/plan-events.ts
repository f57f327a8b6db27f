import type { PaymentEvent } from './payment-gateway.port.js';

/**
 * The families of events that can concern a plan, by the beginning of their types, and in each the types by which every
 * change of a plan announces itself at least once. Stored events of a whole family are processed, whatever types Stripe
 * adds to it. Stripe's list of events takes exact types only, and at most twenty, so it is asked for the announcing ones.
 */
const FAMILIES: Record<string, readonly string[]> = {
  'checkout.session.': ['async_payment_succeeded', 'completed'],
  'customer.deleted': [''],
  'customer.subscription.': ['created', 'deleted', 'paused', 'pending_update_applied', 'resumed', 'updated'],
  'invoice.': ['paid', 'payment_failed'],
  'subscription_schedule.': [],
};

/** The types to ask Stripe's list of events for. */
export const ANNOUNCING_TYPES: readonly string[] = Object.entries(FAMILIES).flatMap(([family, types]) =>
  types.map((type) => family + type),
);

/** Whether an event has to be processed: it is of such a family, as a snapshot or thin (`v1.…`), and leads to a customer. */
export function concernsPlan({ type, customerId, objectId }: PaymentEvent): boolean {
  const plainType = type.replace(/^v1\./, '');
  return (customerId ?? objectId) !== null && Object.keys(FAMILIES).some((family) => plainType.startsWith(family));
}
