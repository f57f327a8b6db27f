import { Clock, Database, type PreparedStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { type DailyQuota, utcDay } from './daily-quota.js';
import { QuotaConfig } from './quota.config.js';

/**
 * The plan's daily limit as an SQL expression over the alias `s` of `subscription`, null on Pro: read live, so a plan
 * counts from the very next message. Both parameters are placeholders such as `$4`.
 */
const limitSql = (now: string, basicLimit: string): string => `
  CASE WHEN s.plan = 'pro' AND (s.plan_expires_at IS NULL OR s.plan_expires_at > ${now}::timestamptz)
       THEN NULL ELSE ${basicLimit}::int END`;

/** The placeholders of {@link spendOneMessageSql}. */
export interface SpendPlaceholders {
  user: string;
  day: string;
  now: string;
  basicLimit: string;
}

/**
 * Two CTEs for the statement that accepts a message: `allowance` (one row per row of the CTE `onlyFor`: the `limit`)
 * and `spent` (the row of `used` after this message, or none when the day is spent). The conditional upsert takes the
 * ledger row's lock, so parallel senders queue up here and none overruns the limit.
 *
 * @param onlyFor the name of an earlier CTE: nothing is spent unless it has a row
 */
export const spendOneMessageSql = (onlyFor: string, { user, day, now, basicLimit }: SpendPlaceholders): string => `
  allowance AS (
    SELECT ${limitSql(now, basicLimit)} AS "limit"
    FROM ${onlyFor} LEFT JOIN subscription s ON s.user_id = ${user}::uuid
  ), spent AS (
    INSERT INTO daily_usage AS ledger (user_id, day, used)
    SELECT ${user}::uuid, ${day}::date, 1 FROM allowance WHERE "limit" IS NULL OR "limit" > 0
    ON CONFLICT (user_id, day) DO UPDATE SET used = ledger.used + 1
      WHERE (SELECT "limit" IS NULL OR ledger.used < "limit" FROM allowance)
    RETURNING used
  )`;

/**
 * A CTE for the statement that ends a reply: gives its message back to the day that paid for it. Being part of the
 * final transition, which happens once, it happens once.
 *
 * @param ended the name of a CTE with `user_id`, `quota_day` and a boolean `refund`
 */
export const refundOneMessageSql = (ended: string): string => `
  refunded AS (
    UPDATE daily_usage ledger SET used = ledger.used - 1
    FROM ${ended} e
    WHERE e.refund AND ledger.user_id = e.user_id AND ledger.day = e.quota_day AND ledger.used > 0
  )`;

const READ: PreparedStatement = {
  name: 'quota_read',
  text: `
    SELECT ${limitSql('$3', '$4')} AS "limit",
           COALESCE((SELECT used FROM daily_usage WHERE user_id = $1::uuid AND day = $2::date), 0) AS used
    FROM (SELECT 1) one LEFT JOIN subscription s ON s.user_id = $1::uuid`,
};

/** The daily quota as it stands in PostgreSQL. Spending and refunding are parts of other statements, see the SQL above. */
@Injectable()
export class QuotaLedger {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: QuotaConfig,
  ) {}

  /** What the user may send today, and has sent. */
  async read(userId: string): Promise<DailyQuota> {
    const now = this.clock.now();
    const values = [userId, utcDay(now), now, this.config.BASIC_DAILY_MESSAGES];
    const [quota] = await this.database.run<{ limit: number | null; used: number }>(READ, values);
    if (quota === undefined) throw new Error('The quota query gives one row for every user');
    return quota;
  }
}
