import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AccessTokenClaims } from '../token/access-token.service.js';

/** Beyond so many tokens the oldest are forgotten: those are verified once more. */
const MAX_TOKENS = 10_000;

/** The claims of a token that was found to be one of ours. */
export type VerifiedClaims = AccessTokenClaims & { exp: number };

/**
 * Access tokens whose signature, issuer, audience and type this process has found right, until they expire: a client sends the
 * same one for a quarter of an hour. That their session is alive is not among what is remembered. Tokens are known by their hash,
 * so that memory holds none.
 */
@Injectable()
export class VerifiedTokenCache {
  private readonly tokens = new Map<string, VerifiedClaims>();

  /** The claims of a token that is still valid; null when it has to be verified. */
  find(token: string): VerifiedClaims | null {
    const key = keyOf(token);
    const claims = this.tokens.get(key);
    if (claims === undefined) return null;
    if (claims.exp > Date.now() / 1_000) return claims;
    this.tokens.delete(key);
    return null;
  }

  /** Remembers a token that was verified. */
  add(token: string, claims: VerifiedClaims): void {
    this.tokens.set(keyOf(token), claims);
    if (this.tokens.size > MAX_TOKENS) this.tokens.delete(this.tokens.keys().next().value!);
  }
}

const keyOf = (token: string): string => hash('sha256', token, 'base64url');
