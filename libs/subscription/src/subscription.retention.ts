import { type ExpiringRows, expiringRows } from '@app/platform';

const DAY_MS = 86_400_000;

/** How long the ledger of model calls is kept: a year can be compared with the one before it. */
const USAGE_KEPT_MS = 400 * DAY_MS;

/** The rows of billing and of the ledger that expire. Stripe delivers an event for three days and lists it for thirty; then it can't come again. */
export const SUBSCRIPTION_RETENTION: readonly ExpiringRows[] = [
  expiringRows({
    what: 'Stripe events',
    table: 'stripe_event',
    column: 'received_at',
    keepMs: 40 * DAY_MS,
    only: 'processed_at IS NOT NULL',
  }),
  expiringRows({ what: 'days of usage', table: 'model_usage', column: 'day', keepMs: USAGE_KEPT_MS }),
  expiringRows({
    what: "days of deleted accounts' usage",
    table: 'erased_model_usage',
    column: 'day',
    keepMs: USAGE_KEPT_MS,
  }),
];
