import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { rateLimitHeaders } from '@app/platform';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { FastifyReply } from 'fastify';
import { addressBlocks } from '../client/client-address.js';
import type { AuthenticatedRequest } from '../token/authenticated-user.js';
import { RateLimit, type RateLimitKind } from './rate-limit.decorator.js';
import { RateLimitedError } from './rate-limit.errors.js';
import type { RedisThrottlerStorage, RequestCounter } from './redis.throttler-storage.js';
import { RefusedCallers } from './refused-callers.js';

/** The time after a failure of Redis in which it isn't asked again, where requests may pass without it. */
const PAUSE_MS = 1_000;

/** How many shares a block of addresses has, by its position in {@link addressBlocks}: an address or /64, a /56, a /48. */
const SHARES = [1, 4, 16];

/**
 * Who goes on after a refusal is answered this much later, so that a connection without pauses refuses itself a few times a second
 * and not a few hundred times. So many answers may wait at once.
 */
const DELAY_MS = 250;
const MAX_DELAYED = 2_000;

/** Neither codes can be tried nor accounts asked for without being counted; all other requests pass without Redis. */
const HOLDS_WITHOUT_REDIS = new Set<RateLimitKind>(['signup', 'auth']);

type MaybeAuthenticated = Partial<Pick<AuthenticatedRequest, 'user'>> & { ip: string; method: string };

/** Limits requests by kind of route, per user or, without one, per address, and says so in the standard headers. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  declare protected readonly storageService: RedisThrottlerStorage;
  private readonly refused = new RefusedCallers();
  private pausedUntil = 0;
  private delayed = 0;

  /**
   * Counts the request for its route's kind.
   * @throws RateLimitedError
   */
  override canActivate(context: ExecutionContext): Promise<boolean> {
    return this.count(context, this.kindOf(context));
  }

  /**
   * Counts the request for a kind that is not its route's.
   * @throws RateLimitedError
   */
  async count(context: ExecutionContext, kind: RateLimitKind): Promise<boolean> {
    if (kind === 'none') return true;
    const mayPass = !HOLDS_WITHOUT_REDIS.has(kind);
    if (mayPass && Date.now() < this.pausedUntil) return true;
    try {
      await this.increment(context, kind);
    } catch (error) {
      if (!mayPass || error instanceof RateLimitedError) throw error;
      this.pausedUntil = Date.now() + PAUSE_MS;
    }
    return true;
  }

  private async increment(context: ExecutionContext, kind: RateLimitKind): Promise<void> {
    const { quota, window } = this.limitOf(kind);
    const counters = countersOf(kind, context.switchToHttp().getRequest<MaybeAuthenticated>(), quota);
    const policy = { policy: kind, window: window / 1_000 };
    const now = Date.now();
    for (const { key } of counters) {
      const refusal = this.refused.find(key, now);
      if (refusal === null) continue;
      await this.delay();
      throw new RateLimitedError({ ...policy, ...refusal, remaining: 0, reset: (refusal.until - now) / 1_000 });
    }
    const { limit, totalHits, timeToExpire, isBlocked } = await this.storageService.incrementAll(counters, window);
    const state = { ...policy, quota: limit, remaining: limit - totalHits, reset: timeToExpire };
    if (isBlocked) {
      const refusing = counters.find((counter) => counter.limit === limit)!;
      this.refused.add(refusing.key, { quota: limit, until: now + timeToExpire * 1_000 });
      throw new RateLimitedError(state);
    }
    void context.switchToHttp().getResponse<FastifyReply>().headers(rateLimitHeaders(state));
  }

  private async delay(): Promise<void> {
    if (this.delayed >= MAX_DELAYED) return;
    this.delayed++;
    await sleep(DELAY_MS);
    this.delayed--;
  }

  /** How the module configures the kind: requests in a window of so many milliseconds. */
  private limitOf(kind: RateLimitKind): { quota: number; window: number } {
    const found = this.throttlers.find(({ name }) => name === kind);
    if (found === undefined) throw new Error(`There is no limit for requests of the kind ${kind}`);
    return { quota: found.limit as number, window: found.ttl as number };
  }

  private kindOf(context: ExecutionContext): RateLimitKind {
    const kind = this.reflector.getAllAndOverride(RateLimit, [context.getHandler(), context.getClass()]);
    if (kind !== undefined) return kind;
    const { method } = context.switchToHttp().getRequest<MaybeAuthenticated>();
    return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
  }
}

/** What a request counts for: its user, or all blocks of its address. Keys of one caller share a hash tag. */
function countersOf(kind: RateLimitKind, { user, ip }: MaybeAuthenticated, quota: number): RequestCounter[] {
  if (user !== undefined) return [{ key: `${kind}:{${hashOf(user.userId)}}`, limit: quota }];
  const blocks = addressBlocks(ip);
  const widest = hashOf(blocks.at(-1)!);
  return blocks.map((block, position) => ({
    key: `${kind}:{${widest}}${position === blocks.length - 1 ? '' : `:${hashOf(block)}`}`,
    limit: quota * SHARES[position]!,
  }));
}

/** Redis needs to tell callers apart, not to know them. */
const hashOf = (caller: string): string => hash('sha256', caller, 'base64url');
