import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { hashKey } from './hash-key.js';
import { OtpConfig } from './otp.config.js';

/**
 * A key of one-time codes in Redis, of hashes and words. The braces put all of them into one slot of a cluster, since one script may need any of them
 * together.
 */
export const otpKey = (...parts: string[]): string => `{otp}:${parts.join(':')}`;

/** Keyed hashes of codes, numbers and addresses: Redis can compare them, and whoever reads Redis can't reverse them. */
@Injectable()
export class OtpHashService {
  private readonly key: Buffer;

  constructor(config: OtpConfig, tokenConfig: AccessTokenConfig) {
    this.key = hashKey(config, tokenConfig, 'one-time codes');
  }

  /** @param parts what is hashed; the first names its kind. They are hashed as a list, so no two lists give one hash. */
  hash(...parts: [kind: 'code' | 'phone' | 'address', ...values: string[]]): string {
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest('base64url');
  }
}
