import { AccountParticipantService, AccountPlanService } from '@app/auth';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PlanGrantStore } from './plan/plan-grant.store.js';
import { PlanStore } from './plan/plan.store.js';
import { ErasedQuotaStore } from './quota/erased-quota.store.js';
import { QuotaLedgerStore } from './quota/quota-ledger.store.js';
import { SubscriptionStore } from './sync/subscription.store.js';
import { ModelUsageStore } from './usage/model-usage.store.js';

/** Billing's part in an account: its plan, its export and its deletion. */
@Injectable()
export class SubscriptionAccountParticipant implements OnModuleInit {
  constructor(
    private readonly participants: AccountParticipantService,
    private readonly accountPlans: AccountPlanService,
    private readonly plans: PlanStore,
    private readonly grants: PlanGrantStore,
    private readonly subscriptions: SubscriptionStore,
    private readonly ledger: QuotaLedgerStore,
    private readonly erasedQuotas: ErasedQuotaStore,
    private readonly usage: ModelUsageStore,
  ) {}

  onModuleInit(): void {
    this.accountPlans.register(async (userId) => (await this.plans.planOf(userId)).name);
    this.participants.register({
      name: 'subscription',
      export: (userId) => this.export(userId),
      erase: (userId) => this.subscriptions.erase(userId),
      erasureStatements: (userId, person) => [this.erasedQuotas.keep(userId, person)],
      restore: (userId, person) => this.erasedQuotas.restore(userId, person),
    });
  }

  private async export(userId: string): Promise<object> {
    const [subscription, planGrant, usage] = await Promise.all([
      this.subscriptions.export(userId),
      this.grants.find(userId),
      this.usage.export(userId),
    ]);
    return { ...subscription, planGrant, dailyUsage: this.ledger.history(userId), ...usage };
  }
}
