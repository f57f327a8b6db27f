import { DomainError, rateLimitHeaders } from '@app/platform';
import { DAY_SECONDS, quotaResetsAt } from './daily-quota.js';

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
