import { Injectable } from '@nestjs/common';

/**
 * Where the account learns its user's plan. Billing knows it, and billing depends on auth: so it registers itself as the
 * source. Nothing here derives a plan from anything else.
 */
@Injectable()
export class AccountPlanService {
  private source: ((userId: string) => Promise<string>) | undefined;

  /** From now on plans are asked for here. Called once, when billing's module starts. */
  register(source: (userId: string) => Promise<string>): void {
    this.source = source;
  }

  /** @throws Error when the process has no source of plans */
  async planOf(userId: string): Promise<string> {
    if (this.source === undefined) throw new Error('No module has registered as the source of plans');
    return this.source(userId);
  }
}
