import { type ExpiringRows, expiringRows } from '@app/platform';

const DAY_MS = 86_400_000;

/** How long the ledger of model calls is kept: a year can be compared with the one before it. */
const USAGE_KEPT_MS = 400 * DAY_MS;

/**
 * The rows of billing, quotas and the ledger of model calls that expire. Stripe delivers an event for three days and lists it
 * for thirty; then it can't come again. What a person had spent in a deleted account counts until the UTC day is over
 * (docs/adr/0022).
 */
export const SUBSCRIPTION_RETENTION: readonly ExpiringRows[] = [
  expiringRows({
    what: 'Stripe events',
    table: 'stripe_event',
    column: 'received_at',
    keepMs: 40 * DAY_MS,
    only: 'processed_at IS NOT NULL',
  }),
  expiringRows({
    what: 'daily uses of deleted accounts',
    table: 'erased_daily_usage',
    column: 'day',
    isDay: true,
    keepMs: 0,
  }),
  expiringRows({ what: 'days of usage', table: 'model_usage', column: 'day', keepMs: USAGE_KEPT_MS }),
  expiringRows({
    what: "days of deleted accounts' usage",
    table: 'erased_model_usage',
    column: 'day',
    keepMs: USAGE_KEPT_MS,
  }),
];
