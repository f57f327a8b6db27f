import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { isUUID } from 'class-validator';
import { Strategy } from 'passport-jwt';
import { RotationUseService } from '../session/rotation-use.service.js';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { ACCESS_TOKEN_TYPE, type AccessTokenClaims, AccessTokenService } from '../token/access-token.service.js';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { type VerifiedClaims, VerifiedTokenCache } from './verified-token.cache.js';

/** The token of `Authorization: Bearer` (RFC 6750). The time of the library's own pattern grows with the square of the header's length. */
export const bearerToken = ({ headers }: Pick<IncomingMessage, 'headers'>): string | null =>
  /^Bearer +([\w.~+/=-]+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;

/** Whether a request has a token, also one that isn't well-formed. Other schemes than `Bearer` have none. */
export const sendsToken = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  /^Bearer +\S/i.test(headers.authorization ?? '');

/** Checks the bearer token: signature, algorithm, issuer, audience, times, type, and that its session is alive. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    config: AccessTokenConfig,
    tokens: AccessTokenService,
    private readonly revocations: SessionRevocationService,
    private readonly rotations: RotationUseService,
    private readonly verified: VerifiedTokenCache,
  ) {
    super({
      passReqToCallback: true,
      jwtFromRequest: bearerToken,
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, secret?: Buffer) => void) => {
        const secret = tokens.secretOf(token);
        // The library passes a key object on unchanged; its types allow only strings and buffers.
        done(secret === null ? new Error('The token names a key that is not ours') : null, secret as never);
      },
      algorithms: ['HS256'],
      issuer: config.JWT_ISSUER,
      audience: config.JWT_AUDIENCE,
    });
  }

  /** Called with the claims of a token whose signature, issuer, audience and times are right; false refuses it. */
  async validate(
    request: Pick<IncomingMessage, 'headers'>,
    claims: AccessTokenClaims & { exp?: number },
  ): Promise<AuthenticatedUser | false> {
    if (!isOfAccessToken(claims)) return false;
    this.verified.add(bearerToken(request) ?? '', claims);
    return this.userOf(claims);
  }

  /** Whom a token with these claims lets in, which has been verified and has not expired; false when its session has ended. */
  async userOf(claims: VerifiedClaims): Promise<AuthenticatedUser | false> {
    if (await this.revocations.isRevoked(claims.sid)) return false;
    await this.rotations.confirm(claims);
    return { userId: claims.sub, sessionId: claims.sid };
  }
}

const isOfAccessToken = (claims: AccessTokenClaims & { exp?: number }): claims is VerifiedClaims =>
  claims.typ === ACCESS_TOKEN_TYPE &&
  claims.exp !== undefined &&
  isUUID(claims.sub) &&
  isUUID(claims.sid) &&
  isUUID(claims.jti);
