import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { OtpConfig } from './otp.config.js';

/** Keyed hashes of what Redis has to recognise, but nobody may read there. */
@Injectable()
export class OtpHashService {
  private readonly key: Buffer;

  constructor({ OTP_SECRET }: OtpConfig, { JWT_SECRET }: AccessTokenConfig) {
    this.key = Buffer.from(hkdfSync('sha256', OTP_SECRET ?? JWT_SECRET, '', 'one-time codes', 32));
  }

  /** @param parts what is hashed, unambiguously apart; the first says what it is */
  hash(...parts: [kind: 'code' | 'phone' | 'address', ...values: string[]]): string {
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest('base64url');
  }
}
