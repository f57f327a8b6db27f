import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { Public } from '../token/public.decorator.js';
import { UnauthenticatedError } from '../token/token.errors.js';
import { bearerToken, JwtStrategy, sendsToken } from './jwt.strategy.js';
import { VerifiedTokenCache } from './verified-token.cache.js';

/**
 * Closes every route that isn't marked with {@link Public} to callers without a valid access token. Run by `AccessService`,
 * before the body is read.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    private readonly strategy: JwtStrategy,
    private readonly verified: VerifiedTokenCache,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride(Public, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & { user?: AuthenticatedUser }>();
    const claims = this.verified.find(bearerToken(request) ?? '');
    if (claims === null) return (await super.canActivate(context)) as boolean;
    request.user = this.handleRequest(null, await this.strategy.userOf(claims), undefined, context);
    return true;
  }

  /**
   * @param error a fault of ours, e.g. PostgreSQL out of reach; null when the token was refused
   * @throws UnauthenticatedError unless there is a user
   */
  override handleRequest<User>(
    error: Error | null,
    user: User | false,
    _info: unknown,
    context: ExecutionContext,
  ): User {
    if (error) throw error;
    if (!user) throw new UnauthenticatedError(sendsToken(context.switchToHttp().getRequest<FastifyRequest>()));
    return user;
  }
}
