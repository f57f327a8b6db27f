import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type HashKeys, hashKeys } from '../otp/hash-key.js';
import { OtpConfig } from '../otp/otp.config.js';
import { AccessTokenConfig } from '../token/access-token.config.js';

/**
 * A person beyond one account: the keyed hash of the phone number. It is the same when the number signs up again, and says
 * nothing to whoever reads it without the secret. The key is not that of codes, so neither tells of the other.
 */
@Injectable()
export class PersonHashService {
  private readonly keys: HashKeys;

  constructor(config: OtpConfig, tokenConfig: AccessTokenConfig) {
    this.keys = hashKeys(config, tokenConfig, 'persons beyond accounts');
  }

  /**
   * @param phone E.164
   * @returns 32 bytes
   */
  hash(phone: string): Buffer {
    return hashWith(this.keys.current, phone);
  }

  /**
   * The hashes by which something of the person may be stored: the current one and, while the secret is being rotated, others.
   * @param phone E.164
   */
  hashes(phone: string): Buffer[] {
    return [this.keys.current, ...this.keys.others].map((key) => hashWith(key, phone));
  }
}

const hashWith = (key: Buffer, phone: string): Buffer => createHmac('sha256', key).update(phone).digest();
