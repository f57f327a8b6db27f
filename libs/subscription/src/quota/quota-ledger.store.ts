import { Clock, Database, inBatches, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { DEFAULT_PLAN, PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { planNumberSql, planOfUserSql } from '../plan/plan-sql.js';
import { type DailyQuota, utcDay } from './daily-quota.js';

/** How many days a statement of an export reads at most. */
const DAYS = 500;

/** The placeholders of {@link spendOneMessageSql}, such as `$4`. */
export interface SpendPlaceholders {
  user: string;
  day: string;
  now: string;
  /** Holds `PlanCatalogue.sqlParameter`. */
  catalogue: string;
  /** Holds whether the default plan is refused: `CapacityService.isReached`. */
  closed: string;
}

/** The CTE `allowance`: a user's `plan` and its daily `limit`, null for none, in one row per row of an earlier CTE. */
const allowanceSql = (onlyFor: string, { user, now, catalogue }: Omit<SpendPlaceholders, 'day' | 'closed'>): string => `
  allowance AS (
    SELECT plan, ${planNumberSql('plan', catalogue, 'dailyMessages')} AS "limit"
    FROM ${onlyFor} CROSS JOIN ${planOfUserSql(`${user}::uuid`, now, catalogue)}
  )`;

/**
 * Two CTEs for the statement that accepts a message: `allowance` (one row per row of the CTE `onlyFor`: the `plan` and
 * its `limit`) and `spent` (the row of `used` after this message, or none when the day is spent, or the plan is refused).
 * The conditional upsert takes the ledger row's lock, so parallel senders queue up here and none overruns the limit.
 *
 * @param onlyFor the name of an earlier CTE: nothing is spent unless it has a row
 */
export const spendOneMessageSql = (onlyFor: string, { day, closed, ...placeholders }: SpendPlaceholders): string => `
  ${allowanceSql(onlyFor, placeholders)}, spent AS (
    INSERT INTO daily_usage AS ledger (user_id, day, used)
    SELECT ${placeholders.user}::uuid, ${day}::date, 1 FROM allowance
    WHERE ("limit" IS NULL OR "limit" > 0) AND NOT (${closed}::boolean AND plan = '${DEFAULT_PLAN}')
    ON CONFLICT (user_id, day) DO UPDATE SET used = ledger.used + 1
      WHERE (SELECT "limit" IS NULL OR ledger.used < "limit" FROM allowance)
    RETURNING used
  )`;

/**
 * A CTE for statements that end replies: refunds their messages to the days that they were charged to. The final transition
 * of a reply happens once, and the refund as a part of it. Refunds of one day are counted, since an UPDATE changes a row once,
 * whatever it is joined with.
 *
 * @param ended the name of a CTE with `user_id`, `quota_day` and a boolean `refund`
 */
export const refundMessagesSql = (ended: string): string => `
  refunded AS (
    UPDATE daily_usage ledger SET used = GREATEST(ledger.used - e.messages, 0)
    FROM (SELECT user_id, quota_day, count(*)::int AS messages FROM ${ended} WHERE refund GROUP BY user_id, quota_day) e
    WHERE ledger.user_id = e.user_id AND ledger.day = e.quota_day
  )`;

/**
 * A {@link DailyQuota}: the plan of a user, its daily limit, and what was sent on a day. Its parameters are the user, the day, the moment
 * and the catalogue, in this order.
 */
export const DAILY_QUOTA_SQL = `
    WITH anyone AS (SELECT 1), ${allowanceSql('anyone', { user: '$1', now: '$3', catalogue: '$4' })}
    SELECT plan, "limit",
           COALESCE((SELECT used FROM daily_usage WHERE user_id = $1::uuid AND day = $2::date), 0) AS used
    FROM allowance`;

const READ = prepared<DailyQuota>('quota_read', DAILY_QUOTA_SQL);

const LOWER = prepared<{ before: number; after: number }>(
  'quota_lower',
  `
    WITH known AS (
      SELECT used FROM daily_usage WHERE user_id = $1::uuid AND day = $2::date FOR UPDATE
    )
    UPDATE daily_usage ledger SET used = GREATEST(known.used - COALESCE($3::int, known.used), 0) FROM known
    WHERE ledger.user_id = $1::uuid AND ledger.day = $2::date
    RETURNING known.used AS before, ledger.used AS after`,
);

/** The daily quota as it stands in PostgreSQL. Spending and refunding are parts of other statements, see the SQL above. */
@Injectable()
export class QuotaLedgerStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /** What the user may send today, and has sent. */
  async read(userId: string): Promise<DailyQuota> {
    const now = this.clock.now();
    const [quota] = await this.database.run(READ, [userId, utcDay(now), now, this.catalogue.sqlParameter]);
    if (quota === undefined) throw new Error('The quota query gives one row for every user');
    return quota;
  }

  /**
   * Lowers what counts as sent today, never below nothing.
   *
   * @param messages by how many; null: all
   * @returns what counted before, and what counts now
   */
  async lower(userId: string, messages: number | null): Promise<{ before: number; after: number }> {
    const [lowered] = await this.database.run(LOWER, [userId, utcDay(this.clock.now()), messages]);
    return lowered ?? { before: 0, after: 0 };
  }

  /** What the user has sent on each UTC day, for the user to take away. */
  history(userId: string): AsyncIterable<{ day: Date; used: number }> {
    return inBatches(
      (after: Date | null) =>
        this.database.prisma.dailyUsage.findMany({
          where: { userId, ...(after === null ? {} : { day: { gt: after } }) },
          select: { day: true, used: true },
          orderBy: { day: 'asc' },
          take: DAYS,
        }),
      ({ day }) => day,
    );
  }
}
