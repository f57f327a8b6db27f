import { Database } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** A plan that an operator has given a user for a while. */
export interface PlanGrant {
  /** A key of the catalogue. */
  plan: string;
  expiresAt: Date;
  grantedAt: Date;
}

/**
 * Plans that operators give, apart from what Stripe's subscriptions lead to: a synchronisation doesn't touch them. While one lasts,
 * the higher of the two plans counts (`planOfUserSql`).
 */
@Injectable()
export class PlanGrantStore {
  constructor(private readonly database: Database) {}

  /** The user's grant, also one that is over; null: none. */
  find(userId: string): Promise<PlanGrant | null> {
    return this.database.prisma.planGrant.findUnique({
      where: { userId },
      select: { plan: true, expiresAt: true, grantedAt: true },
    });
  }

  /** Gives the user a plan, in place of a grant that there may be. */
  async grant(userId: string, grant: PlanGrant): Promise<void> {
    await this.database.prisma.planGrant.upsert({ where: { userId }, create: { userId, ...grant }, update: grant });
  }

  /** Ends the user's grant now. @returns the grant; null: there was none */
  async revoke(userId: string): Promise<PlanGrant | null> {
    const grant = await this.find(userId);
    await this.database.prisma.planGrant.deleteMany({ where: { userId } });
    return grant;
  }
}
