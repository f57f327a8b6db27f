import { type ExpiringRows, expiringRows } from '@app/platform';

const DAY_MS = 86_400_000;

/** How long a grant of a plan is kept after its end, for an operator to see. */
const GRANT_KEPT_MS = 90 * DAY_MS;

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
    keep: { setting: 'STRIPE_EVENT_DAYS' },
    only: 'processed_at IS NOT NULL',
  }),
  expiringRows({
    what: 'daily uses of deleted accounts',
    table: 'erased_daily_usage',
    column: 'day',
    isDay: true,
    keep: { ms: 0 },
  }),
  expiringRows({
    what: 'ended grants of plans',
    table: 'plan_grant',
    column: 'expires_at',
    keep: { ms: GRANT_KEPT_MS },
  }),
  expiringRows({
    what: 'daily uses',
    table: 'daily_usage',
    column: 'day',
    isDay: true,
    keep: { setting: 'DAILY_USAGE_DAYS' },
  }),
  expiringRows({ what: 'days of usage', table: 'model_usage', column: 'day', keep: { setting: 'USAGE_DAYS' } }),
  expiringRows({
    what: "days of deleted accounts' usage",
    table: 'erased_model_usage',
    column: 'day',
    keep: { setting: 'USAGE_DAYS' },
  }),
];
