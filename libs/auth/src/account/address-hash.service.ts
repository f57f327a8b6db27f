import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hashKeys } from '../otp/hash-key.js';
import { OtpConfig } from '../otp/otp.config.js';
import { AccessTokenConfig } from '../token/access-token.config.js';

/** Beyond so many addresses the oldest are forgotten: their hashes are computed once more. */
const MAX_REMEMBERED = 10_000;

/** Enough that no two addresses of one log share it. */
const LENGTH_BYTES = 16;

/**
 * Addresses for logs and the audit trail: a keyed hash, by which requests from one address can be told to be that, and
 * which says nothing of the address to whoever has no secret of the server's.
 */
@Injectable()
export class AddressHashService {
  private readonly key: Buffer;
  /** Every request asks, and the hash of an address costs a tenth of a short request. */
  private readonly remembered = new Map<string, string>();

  constructor(config: OtpConfig, tokenConfig: AccessTokenConfig) {
    this.key = hashKeys(config, tokenConfig, 'addresses in traces').current;
  }

  /** @returns 32 hex digits */
  hash(ip: string): string {
    const known = this.remembered.get(ip);
    if (known !== undefined) return known;
    const hash = createHmac('sha256', this.key).update(ip).digest().subarray(0, LENGTH_BYTES).toString('hex');
    this.remembered.set(ip, hash);
    if (this.remembered.size > MAX_REMEMBERED) this.remembered.delete(this.remembered.keys().next().value!);
    return hash;
  }
}
