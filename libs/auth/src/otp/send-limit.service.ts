import { RedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { PhoneNumber } from 'libphonenumber-js/max';
import { addressBlock } from '../client/client-address.js';
import { OtpHashService } from './otp-hash.service.js';
import { OtpSender } from './otp-sender.port.js';
import { OtpConfig } from './otp.config.js';
import { OtpSendLimitedError } from './otp.errors.js';

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const LONGEST_COOLDOWN_SECONDS = HOUR_SECONDS;

/** Codes a day (`perPhone`) or an hour, unless configured otherwise. */
const COSTLY_SENDS = { perPhone: 100, perAddress: 100, perCountry: 1_000, total: 5_000 };
const FREE_SENDS = { perPhone: 10_000, perAddress: 10_000, perCountry: 100_000, total: 100_000 };

/** The Redis keys of one address and one number. */
export interface OtpKeys {
  phoneHash: string;
  addressHash: string;
  /** Exists while the address has to wait before it asks for the number again. */
  cooldown: string;
  /** Wrong codes on challenges that the address asked for. */
  failures: string;
  /** The addresses that have logged in with the number lately, scored by their last login. */
  knownAddresses: string;
  /** Codes for the number that the address asked for since it last logged in with it. */
  phoneAddressSends: string;
  /** Codes for the number that all unknown addresses together asked for. Known addresses are not limited by it. */
  unknownAddressSends: string;
}

/** How one send was counted. */
export interface SendCharge {
  keys: OtpKeys;
  /** The counters that were raised. */
  counters: string[];
  /** Seconds until the same address may ask for the same number again. */
  resendAfter: number;
}

interface Limit {
  key: string;
  policy: string;
  quota: number;
  /** Seconds. */
  window: number;
}

// KEYS: cool-down, known addresses, failures, then the counters, of which the last three, which anyone can use up, don't
// apply to known addresses.
// ARGV: the address, cool-down and longest cool-down in seconds, then quota and window in seconds from KEYS[3] on.
// Raises all counters or none. Gives {'', cool-down in seconds, number of counters raised} or {key that refuses, ms to wait}.
const CHARGE = `
local wait = redis.call('PTTL', KEYS[1])
if wait > 0 then return {KEYS[1], wait} end
local last = redis.call('ZSCORE', KEYS[2], ARGV[1]) and #KEYS - 3 or #KEYS
for i = 3, last do
  if tonumber(redis.call('GET', KEYS[i]) or '0') >= tonumber(ARGV[2 * i - 2]) then
    return {KEYS[i], redis.call('PTTL', KEYS[i])}
  end
end
for i = 4, last do
  if redis.call('INCR', KEYS[i]) == 1 then redis.call('EXPIRE', KEYS[i], ARGV[2 * i - 1]) end
end
local doublings = math.min(redis.call('GET', KEYS[4]) - 1, 20)
local cooldown = math.min(ARGV[2] * 2 ^ doublings, tonumber(ARGV[3]))
if cooldown > 0 then redis.call('SET', KEYS[1], '', 'EX', string.format('%d', cooldown)) end
return {'', cooldown, last - 3}`;

// KEYS: cool-down, then the counters of a charge.
const REFUND = `
redis.call('DEL', KEYS[1])
for i = 2, #KEYS do
  if tonumber(redis.call('GET', KEYS[i]) or '0') > 0 then redis.call('DECR', KEYS[i]) end
end`;

/**
 * How many codes may be sent: each costs money, and can be used to harass the owner of a number (docs/adr/0014).
 * Counters are fixed windows. With Redis out of reach nothing may be sent.
 */
@Injectable()
export class SendLimitService {
  constructor(
    private readonly redis: RedisClient,
    private readonly hashes: OtpHashService,
    private readonly sender: OtpSender,
    private readonly config: OtpConfig,
  ) {}

  /**
   * Counts one send to this number on behalf of this address, whether or not the number has an account.
   * @throws OtpSendLimitedError when a limit is reached; then nothing is counted
   */
  async charge(phone: PhoneNumber, ip: string): Promise<SendCharge> {
    const keys = this.keysOf(phone, ip);
    const limits = this.limitsOf(keys, phone.countryCallingCode);
    const { OTP_RESEND_SECONDS } = this.config;
    const [refusing, number, raised] = (await this.redis.eval(
      CHARGE,
      2 + limits.length,
      ...[keys.cooldown, keys.knownAddresses, ...limits.map(({ key }) => key)],
      ...[keys.addressHash, OTP_RESEND_SECONDS, LONGEST_COOLDOWN_SECONDS],
      ...limits.flatMap(({ quota, window }) => [quota, window]),
    )) as [refusing: string, number: number, raised: number];
    if (refusing !== '') throw sendLimited(limits, refusing, number / 1000);
    const counters = limits.slice(1, 1 + raised).map(({ key }) => key);
    return { keys, counters, resendAfter: number };
  }

  /** Cancels a charge: no message was sent. */
  async refund({ keys, counters }: SendCharge): Promise<void> {
    await this.redis.eval(REFUND, 1 + counters.length, keys.cooldown, ...counters);
  }

  private keysOf(phone: PhoneNumber, ip: string): OtpKeys {
    const phoneHash = this.hashes.hash('phone', phone.number);
    const addressHash = this.hashes.hash('address', addressBlock(ip));
    return {
      phoneHash,
      addressHash,
      cooldown: `otp:cooldown:${phoneHash}:${addressHash}`,
      failures: `otp:failures:${phoneHash}:${addressHash}`,
      knownAddresses: knownAddressesKey(phoneHash),
      phoneAddressSends: `otp:sends:phone-address:${phoneHash}:${addressHash}`,
      unknownAddressSends: `otp:sends:unknown-addresses:${phoneHash}`,
    };
  }

  private limitsOf(keys: OtpKeys, countryCode: string): Limit[] {
    const { config } = this;
    const usual = this.sender.isFree ? FREE_SENDS : COSTLY_SENDS;
    const limit = (policy: string, key: string, quota: number, window: number): Limit => ({
      policy,
      key,
      quota,
      window,
    });
    const daily = (key: string, quota: number) => limit('otp-phone', key, quota, DAY_SECONDS);
    const hourly = (policy: string, key: string, quota: number) =>
      limit(policy, `otp:sends:${key}`, quota, HOUR_SECONDS);
    return [
      limit('otp-failures', keys.failures, config.OTP_FAILURES, config.OTP_FAILURE_SECONDS),
      daily(keys.phoneAddressSends, config.OTP_SENDS_PER_PHONE_AND_ADDRESS_DAY),
      daily(`otp:sends:phone:${keys.phoneHash}`, config.OTP_SENDS_PER_PHONE_DAY ?? usual.perPhone),
      hourly('otp-address', `address:${keys.addressHash}`, config.OTP_SENDS_PER_ADDRESS_HOUR ?? usual.perAddress),
      hourly('otp-country', `country:${countryCode}`, config.OTP_SENDS_PER_COUNTRY_HOUR ?? usual.perCountry),
      hourly('otp-total', 'total', config.OTP_SENDS_PER_HOUR ?? usual.total),
      daily(keys.unknownAddressSends, config.OTP_SENDS_BY_UNKNOWN_ADDRESSES_DAY),
    ];
  }
}

/** @param key the limit that was reached; a key of no limit is the cool-down */
function sendLimited(limits: Limit[], key: string, reset: number): OtpSendLimitedError {
  const cooldown = { policy: 'otp-resend', quota: 1, window: reset };
  return new OtpSendLimitedError({ ...(limits.find((limit) => limit.key === key) ?? cooldown), remaining: 0, reset });
}

/** Where the addresses are stored that have logged in with a number. */
export const knownAddressesKey = (phoneHash: string): string => `otp:known-addresses:${phoneHash}`;
