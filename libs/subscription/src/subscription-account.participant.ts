import { AccountParticipantService, AccountPlanService } from '@app/auth';
import { Database } from '@app/platform';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SubscriptionStatusService } from './subscription-status.service.js';

/** Billing's part in an account: its plan, its data, its end. */
@Injectable()
export class SubscriptionAccountParticipant implements OnModuleInit {
  constructor(
    private readonly participants: AccountParticipantService,
    private readonly plans: AccountPlanService,
    private readonly statuses: SubscriptionStatusService,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.plans.register((userId) => this.statuses.planOf(userId));
    this.participants.register({
      name: 'subscription',
      export: (userId) => this.export(userId),
      erase: (userId) => this.erase(userId),
    });
  }

  private async export(userId: string): Promise<unknown> {
    const [subscription, dailyUsage] = await Promise.all([
      this.database.prisma.subscription.findUnique({
        where: { userId },
        select: {
          stripeCustomerId: true,
          stripeSubscriptionId: true,
          status: true,
          plan: true,
          planExpiresAt: true,
          currentPeriodEnd: true,
          cancelAtPeriodEnd: true,
          createdAt: true,
          checkout: { select: { stripeSessionId: true, successUrl: true, cancelUrl: true, createdAt: true } },
        },
      }),
      this.database.prisma.dailyUsage.findMany({
        where: { userId },
        select: { day: true, used: true },
        orderBy: { day: 'asc' },
      }),
    ]);
    return { ...subscription, dailyUsage };
  }

  /**
   * With the row goes what ties the customer to a person; the database remembers the bare customer, until the worker
   * has ended it at Stripe.
   */
  private async erase(userId: string): Promise<void> {
    await this.database.prisma.subscription.deleteMany({ where: { userId } });
  }
}
