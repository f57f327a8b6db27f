import { hkdfSync } from 'node:crypto';
import type { AccessTokenConfig } from '../token/access-token.config.js';
import type { OtpConfig } from './otp.config.js';

/** The keys of one purpose. */
export interface HashKeys {
  /** What is stored from now on is hashed with it. */
  current: Buffer;
  /** By which something may be stored as well, while the secret is being rotated: by other replicas, or earlier. */
  others: Buffer[];
}

/**
 * Keys for hashes, derived from the server's secrets.
 *
 * @param purpose what the keys are for: hashes of one purpose tell nothing of those of another
 * @returns keys of 32 bytes
 */
export function hashKeys(config: OtpConfig, tokenConfig: AccessTokenConfig, purpose: string): HashKeys {
  const { OTP_SECRET, OTP_SECRET_NEXT, OTP_SECRET_PREVIOUS } = config;
  const { JWT_SECRET, JWT_SECRET_NEXT, JWT_SECRET_PREVIOUS } = tokenConfig;
  // In development the secret of tokens stands in for one of codes, along with its own rotation.
  const ofTokens = OTP_SECRET === undefined ? [JWT_SECRET_NEXT, JWT_SECRET_PREVIOUS] : [];
  const known = [OTP_SECRET_NEXT, OTP_SECRET_PREVIOUS, ...ofTokens].filter((secret) => secret !== undefined);
  const current = OTP_SECRET ?? JWT_SECRET;
  // A variable may be left as it was in the step before: what is stored must not be found twice.
  const others = [...new Set(known)].filter((secret) => secret !== current);
  const keyOf = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
  return { current: keyOf(current), others: others.map(keyOf) };
}
