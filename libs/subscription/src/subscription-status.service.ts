import { Clock, Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { PlanCatalogue } from './catalogue/plan-catalogue.js';
import { type DailyQuota, quotaResetsAt, utcDay } from './quota/daily-quota.js';
import { DAILY_QUOTA_SQL } from './quota/quota-ledger.store.js';
import type { SubscriptionStatusResponse } from './subscription.response.js';

/** The rest is null without a row of the user in `subscription`. */
interface StatusRow extends DailyQuota {
  status: string | null;
  currentPeriodEnd: Date | null;
  cancelAtPeriodEnd: boolean | null;
}

// One statement, so that plan and status are of one moment, whatever is synchronised meanwhile.
const READ = prepared<StatusRow>(
  'subscription_status',
  `
    SELECT quota.*, s.status, s.current_period_end AS "currentPeriodEnd", s.cancel_at_period_end AS "cancelAtPeriodEnd"
    FROM (${DAILY_QUOTA_SQL}) quota LEFT JOIN subscription s ON s.user_id = $1::uuid`,
);

/** Tells users their plan as it was last synchronised: Stripe is not asked, so it may be out of reach. */
@Injectable()
export class SubscriptionStatusService {
  constructor(
    private readonly database: Database,
    private readonly catalogue: PlanCatalogue,
    private readonly clock: Clock,
  ) {}

  /** The plan of this moment, with its quota. */
  async read(userId: string): Promise<SubscriptionStatusResponse> {
    const now = this.clock.now();
    const [row] = await this.database.run(READ, [userId, utcDay(now), now, this.catalogue.sqlParameter]);
    if (row === undefined) throw new Error('The query of the status gives one row for every user');
    const { plan, limit, used, status, currentPeriodEnd, cancelAtPeriodEnd } = row;
    return {
      plan,
      status: status ?? 'none',
      currentPeriodEnd: currentPeriodEnd?.toISOString() ?? null,
      cancelAtPeriodEnd: cancelAtPeriodEnd ?? false,
      quota: {
        limit,
        used,
        remaining: limit === null ? null : Math.max(0, limit - used),
        resetsAt: quotaResetsAt(now).toISOString(),
      },
    };
  }
}
