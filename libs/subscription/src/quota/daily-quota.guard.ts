import { type AuthenticatedUser } from '@app/auth';
import { Clock } from '@app/platform';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DEFAULT_PLAN } from '../catalogue/plan-catalogue.js';
import { CapacityReachedError } from './capacity.errors.js';
import { CapacityService } from './capacity.service.js';
import { DailyQuotaExceededError } from './daily-quota.errors.js';
import { utcDay } from './daily-quota.js';
import { ExhaustedQuotaCache } from './exhausted-quota.cache.js';
import { QuotaLedgerStore } from './quota-ledger.store.js';
import { QuotaMetrics } from './quota.metrics.js';

/**
 * Refuses senders who have run out before anything else is done for them. The accepting statement decides; this
 * guard only spares it the requests of users whom it has just refused, and asks the ledger for those alone, so that
 * everyone else pays no round trip for it.
 */
@Injectable()
export class DailyQuotaGuard implements CanActivate {
  constructor(
    private readonly ledger: QuotaLedgerStore,
    private readonly exhausted: ExhaustedQuotaCache,
    private readonly capacity: CapacityService,
    private readonly clock: Clock,
    private readonly metrics: QuotaMetrics,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user: AuthenticatedUser }>();
    const { userId } = request.user;
    const now = this.clock.now();
    if (!this.exhausted.has(userId, utcDay(now))) return true;
    // A repeated request gets its first answer even from a user who has run out since.
    if (request.headers['idempotency-key'] !== undefined) return true;
    const quota = await this.ledger.read(userId);
    if (quota.plan === DEFAULT_PLAN && this.capacity.isReached(now)) throw new CapacityReachedError(now);
    if (quota.limit !== null && quota.used >= quota.limit) {
      this.metrics.refused(quota.plan);
      throw new DailyQuotaExceededError(quota.limit, now);
    }
    this.exhausted.delete(userId);
    return true;
  }
}
