import { type AuthenticatedUser } from '@app/auth';
import { Clock } from '@app/platform';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { type DailyQuota, DailyQuotaExceededError, utcDay } from './daily-quota.js';
import { QuotaLedger } from './quota-ledger.js';

/** How many users that ran out are remembered at most; forgetting one costs only a transaction that refuses. */
const REMEMBERED_USERS = 10_000;

/**
 * Refuses senders who have run out before anything else is done for them. The accepting transaction decides; this
 * guard only spares it the requests of users whom it has just refused, and asks the ledger for those alone, so that
 * everyone else pays no round trip for it.
 */
@Injectable()
export class DailyQuotaGuard implements CanActivate {
  /** User id → the UTC day on which the transaction refused, oldest first. */
  private readonly ranOut = new Map<string, string>();

  constructor(
    private readonly ledger: QuotaLedger,
    private readonly clock: Clock,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user: AuthenticatedUser }>();
    const { userId } = request.user;
    if (this.ranOut.get(userId) !== utcDay(this.clock.now())) return true;
    // A repeated request gets its first answer even from a user who has run out since.
    if (request.headers['idempotency-key'] !== undefined) return true;
    const quota = await this.ledger.read(userId);
    if (quota.limit !== null && quota.used >= quota.limit)
      throw new DailyQuotaExceededError(quota.limit, this.clock.now());
    this.ranOut.delete(userId);
    return true;
  }

  /** Told by the accepting transaction that it refused. */
  refused(userId: string, quota: DailyQuota): DailyQuotaExceededError {
    const now = this.clock.now();
    this.ranOut.delete(userId);
    this.ranOut.set(userId, utcDay(now));
    if (this.ranOut.size > REMEMBERED_USERS) this.ranOut.delete(this.ranOut.keys().next().value ?? '');
    return new DailyQuotaExceededError(quota.limit ?? 0, now);
  }
}
