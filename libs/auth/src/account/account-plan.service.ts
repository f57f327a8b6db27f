import { Injectable } from '@nestjs/common';

/** What a user pays for. */
export type Plan = 'basic' | 'pro';

/** Where the account learns its user's plan. Billing knows it, and it is billing that knows auth: so it registers itself. */
@Injectable()
export class AccountPlanService {
  private source: (userId: string) => Promise<Plan> = () => Promise.resolve('basic');

  /** From now on plans are asked for here; without any source everyone is on Basic. */
  register(source: (userId: string) => Promise<Plan>): void {
    this.source = source;
  }

  planOf(userId: string): Promise<Plan> {
    return this.source(userId);
  }
}
