import { RequestContext } from '@app/platform';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { RateLimitGuard } from '../rate-limit/rate-limit.guard.js';
import type { RateLimitKind } from '../rate-limit/rate-limit.decorator.js';
import type { AuthenticatedRequest } from '../token/authenticated-user.js';
import { UnauthenticatedError } from '../token/token.errors.js';

/**
 * Lets a request in or not: who asks, and whether it is too often. Nest runs its guards after the body has been read; this
 * runs the two that need no body before that, for every route of the process.
 */
@Injectable()
export class AccessService {
  constructor(
    private readonly authentication: JwtAuthGuard,
    private readonly limits: RateLimitGuard,
  ) {}

  /**
   * Lets a request to a controller's route in, and sets the request's `user` unless the route is public.
   *
   * @throws UnauthenticatedError without a valid token on a route that isn't public
   * @throws RateLimitedError for a user, or an address without a valid token, that asks too often
   */
  async admit(context: ExecutionContext): Promise<void> {
    try {
      await this.authentication.canActivate(context);
    } catch (error) {
      if (error instanceof UnauthenticatedError) await this.limits.count(context, 'anonymous');
      throw error;
    }
    const { user } = context.switchToHttp().getRequest<Partial<AuthenticatedRequest>>();
    if (user !== undefined) RequestContext.setUser(user.userId);
    await this.limits.canActivate(context);
  }

  /**
   * Counts a request to a route that is open to everybody and no controller's.
   * @throws RateLimitedError
   */
  async count(context: ExecutionContext, kind: RateLimitKind): Promise<void> {
    await this.limits.count(context, kind);
  }
}
