import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { uuidv7 } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AccessTokenConfig } from './access-token.config.js';
import type { AuthenticatedUser } from './authenticated-user.js';

/** The `typ` claim that tells an access token from any other that the same secret may come to sign. */
export const ACCESS_TOKEN_TYPE = 'access';

/** What an access token says, apart from what the library checks by itself. */
export interface AccessTokenClaims {
  typ: string;
  sub: string;
  sid: string;
  jti: string;
  /**
   * Names the rotation of the refresh token that came in the same answer: its first use ends the time in which that rotation may be
   * repeated. Absent in the tokens of a login, before which there is no refresh token to repeat.
   */
  rot?: string;
  /** When it was signed, in seconds of Unix time. */
  iat?: number;
}

/** Header parameters of our tokens. Any other (`jku`, `jwk`, `x5u`, `crit`, ...) asks the verifier to trust the token about its key. */
const HEADER_PARAMETERS = new Set(['alg', 'typ', 'kid']);

/** Signs access tokens, and finds the secret by which one was signed. */
@Injectable()
export class AccessTokenService {
  /** As key objects: a string would first be read as a PEM by the library, which takes a third of a request's time. */
  private readonly secrets: Map<string, KeyObject>;
  private readonly currentKeyId: string;

  constructor(
    private readonly jwt: JwtService,
    private readonly config: AccessTokenConfig,
  ) {
    const { JWT_SECRET, JWT_SECRET_NEXT, JWT_SECRET_PREVIOUS } = config;
    const secrets = [JWT_SECRET, JWT_SECRET_NEXT, JWT_SECRET_PREVIOUS].filter((secret) => secret !== undefined);
    this.secrets = new Map(secrets.map((secret) => [keyId(secret), createSecretKey(secret, 'utf8')]));
    this.currentKeyId = keyId(config.JWT_SECRET);
  }

  /**
   * @param seconds for how long the token is valid
   * @param rotation the rotation of the refresh token that is answered along with it; null for a login
   */
  sign(user: AuthenticatedUser, seconds: number, rotation: string | null): Promise<string> {
    const claims: Omit<AccessTokenClaims, 'sub' | 'jti'> = {
      typ: ACCESS_TOKEN_TYPE,
      sid: user.sessionId,
      ...(rotation === null ? {} : { rot: rotation }),
    };
    return this.jwt.signAsync(claims, {
      secret: this.config.JWT_SECRET,
      algorithm: 'HS256',
      keyid: this.currentKeyId,
      issuer: this.config.JWT_ISSUER,
      audience: this.config.JWT_AUDIENCE,
      subject: user.userId,
      jwtid: uuidv7(),
      expiresIn: seconds,
    });
  }

  /** The secret that must have signed this token; null when the token can't be one of ours. */
  secretOf(token: string): KeyObject | null {
    const header = this.headerOf(token);
    if (header === null || !Object.keys(header).every((name) => HEADER_PARAMETERS.has(name))) return null;
    return this.secrets.get(header.kid ?? this.currentKeyId) ?? null;
  }

  private headerOf(token: string): { kid?: string } | null {
    try {
      return this.jwt.decode<{ header: { kid?: string } } | null>(token, { complete: true })?.header ?? null;
    } catch {
      return null;
    }
  }
}

/** Names a secret without revealing it. */
const keyId = (secret: string): string =>
  createHash('sha256').update(`access-token-key:${secret}`).digest('base64url').slice(0, 11);
