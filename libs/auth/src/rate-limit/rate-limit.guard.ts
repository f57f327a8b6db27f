import { createHash } from 'node:crypto';
import { rateLimitHeaders } from '@app/platform';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerRequest } from '@nestjs/throttler';
import type { FastifyReply } from 'fastify';
import { addressBlock } from '../client/client-address.js';
import type { AuthenticatedRequest } from '../token/authenticated-user.js';
import { RateLimit, type RateLimitKind } from './rate-limit.decorator.js';
import { RateLimitedError } from './rate-limit.errors.js';

/** The time after a failure of Redis in which it isn't asked again, where requests may pass without it. */
const PAUSE_MS = 1_000;

/** Limits requests by kind of route, per user or, without one, per address, and says so in the standard headers. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  private pausedUntil = 0;

  /** Called for each configured limit; only that of the route's kind applies. */
  protected override async handleRequest({
    context,
    throttler,
    limit,
    ttl,
    blockDuration,
  }: ThrottlerRequest): Promise<boolean> {
    const kind = this.kindOf(context);
    if (throttler.name !== kind) return true;
    if (kind !== 'auth' && Date.now() < this.pausedUntil) return true;
    const request = context.switchToHttp().getRequest<Partial<AuthenticatedRequest> & { ip: string }>();
    try {
      const key = `${kind}:${keyOf(request.user?.userId ?? addressBlock(request.ip))}`;
      const count = await this.storageService.increment(key, ttl, limit, blockDuration, kind);
      const remaining = limit - count.totalHits;
      const state = { policy: kind, quota: limit, window: ttl / 1000, remaining, reset: count.timeToExpire };
      if (count.isBlocked) throw new RateLimitedError(state);
      void context.switchToHttp().getResponse<FastifyReply>().headers(rateLimitHeaders(state));
    } catch (error) {
      // Codes can't be tried without being counted; all other requests pass.
      if (kind === 'auth' || error instanceof RateLimitedError) throw error;
      this.pausedUntil = Date.now() + PAUSE_MS;
    }
    return true;
  }

  private kindOf(context: ExecutionContext): RateLimitKind {
    return this.reflector.getAllAndOverride(RateLimit, [context.getHandler(), context.getClass()]) ?? 'read';
  }
}

/** Redis needs to tell callers apart, not to know them. */
const keyOf = (caller: string): string => createHash('sha256').update(caller).digest('base64url');
