import type { RateLimitState } from '@app/platform';

/** The window of the quota, in seconds. */
export const DAY_SECONDS = 86_400;

/** What a user may send on one UTC day, and has sent. */
export interface DailyQuota {
  /** The plan that the limit follows from. */
  plan: string;
  /** Messages per UTC day; null: the plan has no limit. */
  limit: number | null;
  /** Messages of this UTC day, refunds taken off. */
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
