import { hkdfSync } from 'node:crypto';
import type { AccessTokenConfig } from '../token/access-token.config.js';
import type { OtpConfig } from './otp.config.js';

/**
 * A key for hashes, derived from the server's secret.
 *
 * @param purpose what the key is for: hashes of one purpose tell nothing of those of another
 * @returns 32 bytes
 */
export const hashKey = ({ OTP_SECRET }: OtpConfig, { JWT_SECRET }: AccessTokenConfig, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', OTP_SECRET ?? JWT_SECRET, '', purpose, 32));
