import { type ExpiringRows, expiringRows } from '@app/platform';

const DAY_MS = 86_400_000;

/** The rows of billing that expire. Stripe delivers an event for three days and lists it for thirty; then it can't come again. */
export const SUBSCRIPTION_RETENTION: readonly ExpiringRows[] = [
  expiringRows({
    what: 'Stripe events',
    table: 'stripe_event',
    column: 'received_at',
    keepMs: 40 * DAY_MS,
    only: 'processed_at IS NOT NULL',
  }),
];
