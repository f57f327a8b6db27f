import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hashKey } from '../otp/hash-key.js';
import { OtpConfig } from '../otp/otp.config.js';
import { AccessTokenConfig } from '../token/access-token.config.js';

/**
 * A person beyond one account: the keyed hash of the phone number. It is the same when the number signs up again, and says
 * nothing to whoever reads it without the secret. The key is not that of codes, so neither tells of the other.
 */
@Injectable()
export class PersonHashService {
  private readonly key: Buffer;

  constructor(config: OtpConfig, tokenConfig: AccessTokenConfig) {
    this.key = hashKey(config, tokenConfig, 'persons beyond accounts');
  }

  /**
   * @param phone E.164
   * @returns 32 bytes
   */
  hash(phone: string): Buffer {
    return createHmac('sha256', this.key).update(phone).digest();
  }
}
