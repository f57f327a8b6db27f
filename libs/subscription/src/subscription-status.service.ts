import { Clock, Database } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { quotaResetsAt } from './quota/daily-quota.js';
import { QuotaLedgerStore } from './quota/quota-ledger.store.js';
import type { SubscriptionStatusResponse } from './subscription.response.js';

/** Tells users their plan as it was last synchronised: Stripe is not asked, so it may be out of reach. */
@Injectable()
export class SubscriptionStatusService {
  constructor(
    private readonly database: Database,
    private readonly ledger: QuotaLedgerStore,
    private readonly clock: Clock,
  ) {}

  /** The plan of this moment, with its quota. */
  async read(userId: string): Promise<SubscriptionStatusResponse> {
    const [{ plan, limit, used }, subscription] = await Promise.all([
      this.ledger.read(userId),
      this.database.prisma.subscription.findUnique({
        where: { userId },
        select: { status: true, currentPeriodEnd: true, cancelAtPeriodEnd: true },
      }),
    ]);
    return {
      plan,
      status: subscription?.status ?? 'none',
      currentPeriodEnd: subscription?.currentPeriodEnd?.toISOString() ?? null,
      cancelAtPeriodEnd: subscription?.cancelAtPeriodEnd ?? false,
      quota: {
        limit,
        used,
        remaining: limit === null ? null : Math.max(0, limit - used),
        resetsAt: quotaResetsAt(this.clock.now()).toISOString(),
      },
    };
  }
}
