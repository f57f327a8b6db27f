import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Clock, LimitsRedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { addressBlock } from '../client/client-address.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { type HashKeys, hashKeys } from './hash-key.js';
import { otpKey, OtpHashService } from './otp-hash.service.js';
import { OtpConfig } from './otp.config.js';

/** People ask for the code at once. Sign-ups without end must not fill Redis for longer, which evicts nothing. */
const REMEMBER_SECONDS = 3_600;

/** From how many addresses names for one number are kept; of more, the oldest is forgotten. */
const MAX_NAMES = 20;

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

// KEYS: the number's names. ARGV: the address, the encrypted name or '', now in ms, names at most, how long they are kept in seconds.
// A sign-up without a name takes none away that came from the same address. Values are `<ms>:<encrypted name>`.
const REMEMBER = `
local names, address, name = KEYS[1], ARGV[1], ARGV[2]
if name ~= '' or redis.call('HEXISTS', names, address) == 0 then
  redis.call('HSET', names, address, ARGV[3] .. ':' .. name)
end
redis.call('EXPIRE', names, ARGV[5])
if redis.call('HLEN', names) <= tonumber(ARGV[4]) then return end
local all, oldest, since = redis.call('HGETALL', names), nil, math.huge
for i = 1, #all, 2 do
  local at = tonumber(string.match(all[i + 1], '^%d+'))
  if at < since then oldest, since = all[i], at end
end
redis.call('HDEL', names, oldest)`;

/**
 * The names that were given in sign-ups, by number and address, until the number is verified: a name belongs to who gave it, and
 * anyone can sign up any number. They are encrypted: whoever reads Redis learns neither names nor numbers.
 */
@Injectable()
export class PendingNameStore {
  private readonly keys: HashKeys;

  constructor(
    private readonly redis: LimitsRedisClient,
    private readonly hashes: OtpHashService,
    private readonly clock: Clock,
    config: OtpConfig,
    tokenConfig: AccessTokenConfig,
  ) {
    this.keys = hashKeys(config, tokenConfig, 'pending names');
  }

  /**
   * Keeps the name that was given in a sign-up of this number from this address, whether or not the number has an account.
   * @param phone E.164
   */
  async remember(phone: string, ip: string, name: string | null): Promise<void> {
    const key = pendingNamesKey(this.hashes.hash('phone', phone));
    const address = this.hashes.hash('address', addressBlock(ip));
    const values = [
      address,
      name === null ? '' : this.encrypt(name),
      this.clock.now().getTime(),
      MAX_NAMES,
      REMEMBER_SECONDS,
    ];
    await this.redis.eval(REMEMBER, 1, key, ...values);
  }

  /** @param stored the value as it is in Redis; null when it holds no name that can be read */
  read(stored: string): string | null {
    const encrypted = Buffer.from(stored.slice(stored.indexOf(':') + 1), 'base64url');
    if (encrypted.length <= IV_BYTES + TAG_BYTES) return null;
    for (const key of [this.keys.current, ...this.keys.others]) {
      try {
        return decrypt(key, encrypted);
      } catch {
        // Encrypted by another secret, which may be the next key's or is no longer known.
      }
    }
    return null;
  }

  private encrypt(name: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.keys.current, iv, { authTagLength: TAG_BYTES });
    const text = Buffer.concat([cipher.update(name, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url');
  }
}

/** @throws Error when it was encrypted by another key */
function decrypt(key: Buffer, encrypted: Buffer): string {
  const [textFrom, iv] = [IV_BYTES + TAG_BYTES, encrypted.subarray(0, IV_BYTES)];
  const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(encrypted.subarray(IV_BYTES, textFrom));
  return Buffer.concat([decipher.update(encrypted.subarray(textFrom)), decipher.final()]).toString('utf8');
}

/** Where the names are that were given in sign-ups of a number, by address. */
export const pendingNamesKey = (phoneHash: string): string => otpKey('names', phoneHash);
