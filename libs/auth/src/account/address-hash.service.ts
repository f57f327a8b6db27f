import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hashKey } from '../otp/hash-key.js';
import { OtpConfig } from '../otp/otp.config.js';
import { AccessTokenConfig } from '../token/access-token.config.js';

/** Enough that no two addresses of one log share it. */
const LENGTH_BYTES = 16;

/**
 * Addresses for logs and the audit trail: a keyed hash, by which requests from one address can be told to be that, and
 * which says nothing of the address to whoever has no secret of the server's.
 */
@Injectable()
export class AddressHashService {
  private readonly key: Buffer;

  constructor(config: OtpConfig, tokenConfig: AccessTokenConfig) {
    this.key = hashKey(config, tokenConfig, 'addresses in traces');
  }

  /** @returns 32 hex digits */
  hash(ip: string): string {
    return createHmac('sha256', this.key).update(ip).digest().subarray(0, LENGTH_BYTES).toString('hex');
  }
}
