import { DomainError, rateLimitHeaders, type RateLimitState } from '@app/platform';

const DAY_SECONDS = 86_400;

/** What a user may send on one UTC day, and has sent. `limit` null: the plan has none. */
export interface DailyQuota {
  limit: number | null;
  used: number;
}

/** The UTC day of an instant as SQL's `date`, e.g. `2026-11-23`. */
export const utcDay = (now: Date): string => now.toISOString().slice(0, 10);

/** When the quota of the instant's day ends: the next midnight in UTC. */
export const quotaResetsAt = (now: Date): Date =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));

/** The quota as the policy `daily-messages` of the rate-limit headers; null on a plan without a limit. */
export function dailyMessagesPolicy({ limit, used }: DailyQuota, now: Date): RateLimitState | null {
  if (limit === null) return null;
  const reset = (quotaResetsAt(now).getTime() - now.getTime()) / 1000;
  return { policy: 'daily-messages', quota: limit, window: DAY_SECONDS, remaining: limit - used, reset };
}

/** The plan's messages of this UTC day are spent: 429 with `Retry-After` until midnight in UTC. */
export class DailyQuotaExceededError extends DomainError {
  constructor(limit: number, now: Date) {
    const reset = Math.ceil((quotaResetsAt(now).getTime() - now.getTime()) / 1000);
    super('daily_quota_exceeded', 'limited', `All ${limit} messages of this UTC day are spent.`, {
      headers: {
        ...rateLimitHeaders({ policy: 'daily-messages', quota: limit, window: DAY_SECONDS, remaining: 0, reset }),
        'Retry-After': String(reset),
      },
    });
  }
}
