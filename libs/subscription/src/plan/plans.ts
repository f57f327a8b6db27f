/** What a user may be on, from the one that costs nothing upwards. */
export const PLANS = ['basic', 'pro'] as const;
export type Plan = (typeof PLANS)[number];

/** The plan of everyone who has no subscription that counts. */
export const DEFAULT_PLAN: Plan = 'basic';

/** The plan that is for sale, and that a running subscription leads to. */
export const PAID_PLAN: Plan = 'pro';

/** The placeholders of the limits that are configured, such as `$4`. */
export interface LimitPlaceholders {
  /** Holds `BASIC_DAILY_MESSAGES`. */
  basicLimit: string;
}

/** What each plan allows: messages per UTC day as an SQL expression, NULL for no limit. */
const DAILY_LIMITS: Record<Plan, (placeholders: LimitPlaceholders) => string> = {
  basic: ({ basicLimit }) => `${basicLimit}::int`,
  pro: () => 'NULL::int',
};

/**
 * The plan that counts at a moment, as an SQL expression over the alias `s` of `subscription`, whose row may be missing.
 * It is read live, so a plan counts from the very next message. A word that this release doesn't know counts as the
 * default plan.
 *
 * @param now a placeholder such as `$3`
 */
export const planSql = (now: string): string => `
  CASE WHEN s.plan IN (${PLANS.map(quoted).join(', ')}) AND (s.plan_expires_at IS NULL OR s.plan_expires_at > ${now}::timestamptz)
       THEN s.plan ELSE ${quoted(DEFAULT_PLAN)} END`;

/** The daily limit of the plan in an SQL column, as an SQL expression. */
export const dailyLimitSql = (column: string, placeholders: LimitPlaceholders): string => `
  CASE ${column} ${PLANS.map((plan) => `WHEN ${quoted(plan)} THEN ${DAILY_LIMITS[plan](placeholders)}`).join(' ')} END`;

function quoted(plan: Plan): string {
  return `'${plan}'`;
}
