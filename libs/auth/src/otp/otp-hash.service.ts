import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { type HashKeys, hashKeys } from './hash-key.js';
import { OtpConfig } from './otp.config.js';

/**
 * A key of one-time codes in Redis, of hashes and words. The braces put all of them into one slot of a cluster, since one script may need any of them
 * together.
 */
export const otpKey = (...parts: string[]): string => `{otp}:${parts.join(':')}`;

/** What is hashed: its kind, and values. They are hashed as a list, so no two lists give one hash. */
type HashedParts = [kind: 'code' | 'phone' | 'address', ...values: string[]];

/** Keyed hashes of codes, numbers and addresses: Redis can compare them, and whoever reads Redis can't reverse them. */
@Injectable()
export class OtpHashService {
  private readonly keys: HashKeys;

  constructor(config: OtpConfig, tokenConfig: AccessTokenConfig) {
    this.keys = hashKeys(config, tokenConfig, 'one-time codes');
  }

  /** The hash by which something is stored. */
  hash(...parts: HashedParts): string {
    return hashWith(this.keys.current, parts);
  }

  /** The hashes under which it may be stored as well, while the secret is being rotated; otherwise none. The order is that of the secrets. */
  otherHashes(...parts: HashedParts): string[] {
    return this.keys.others.map((key) => hashWith(key, parts));
  }
}

const hashWith = (key: Buffer, parts: HashedParts): string =>
  createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
