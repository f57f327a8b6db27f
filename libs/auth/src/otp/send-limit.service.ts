import { LimitsRedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { PhoneNumber } from 'libphonenumber-js/max';
import { addressBlocks } from '../client/client-address.js';
import { otpKey, OtpHashService } from './otp-hash.service.js';
import { OtpSender } from './otp-sender.port.js';
import { OtpConfig } from './otp.config.js';
import { OtpSendLimitedError } from './otp.errors.js';

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const LONGEST_COOLDOWN_SECONDS = HOUR_SECONDS;

/** Codes a day (`perPhone`) or an hour, unless configured otherwise. */
const COSTLY_SENDS = { perPhone: 100, perAddress: 100, perCountry: 1_000, total: 5_000 };
const FREE_SENDS = { perPhone: 10_000, perAddress: 10_000, perCountry: 100_000, total: 100_000 };

/** What a block of addresses may ask for, as multiples of what one address may: the one in the middle (a /56), and the widest (a /24, a /48). */
const SHARE_OF_MIDDLE_BLOCK = 2;
const SHARE_OF_WIDEST_BLOCK = 4;

/** The part of the limits on messages that is left for numbers that no code was asked for on the same day. */
const RESERVED_SHARE = 0.2;

/** One number and one address as Redis knows them. */
interface OtpHashes {
  phoneHash: string;
  addressHash: string;
}

/** The Redis keys of one address and one number. */
export interface OtpKeys extends OtpHashes {
  /** The hashes by which they may be known as well, while the secret is being rotated. Counters begin anew with a secret. */
  others: OtpHashes[];
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

/** A counter in Redis, and how high it may get. */
interface Limit {
  key: string;
  /** The public name. */
  policy: string;
  quota: number;
  /** Seconds. */
  window: number;
  /**
   * What raises it: every request; only one that a message follows, whose number has an account; or none, where something else raises it. All
   * requests are checked alike, so that a refusal doesn't tell the one kind of number from the other.
   */
  raisedBy: 'request' | 'message' | 'other';
  /** Whether unknown addresses can use it up for everyone. Then it doesn't hold for addresses that have logged in with the number. */
  unknownOnly?: boolean;
  /** The quota for numbers that a code was asked for on the same day. Without it: the same. */
  repeatedQuota?: number;
  /** Where to go on when it is used up: limits that are asked and raised in its place, as positions from 1 in the list. */
  reserves?: number[];
  /** Whether it is only asked as one of another's `reserves`. */
  isReserve?: boolean;
}

// KEYS: cool-down, known addresses, the number's counter of the day, then that of each limit, then the known addresses under the number's other hashes.
// The first limit but one counts what the address asked for the number. ARGV: the request as JSON.
// Raises all counters or none. Gives {'', cool-down in seconds, keys of the counters raised} or {key that refuses, ms to wait}.
const CHARGE = `
local request = cjson.decode(ARGV[1])
local limits = request.limits
local function key(i) return KEYS[i + 3] end
local function count(name) return tonumber(redis.call('GET', name) or '0') end

local wait = redis.call('PTTL', KEYS[1])
if wait > 0 then return {KEYS[1], wait} end
local known = redis.call('ZSCORE', KEYS[2], request.address)
for i, address in ipairs(request.otherAddresses) do
  known = known or redis.call('ZSCORE', key(#limits + i), address)
end
local repeated = count(KEYS[3]) > 0
local function full(i)
  return count(key(i)) >= (repeated and limits[i].repeatedQuota or limits[i].quota)
end

local applied = {}
for i, limit in ipairs(limits) do
  if not limit.isReserve and not (known and limit.unknownOnly) then
    local chosen = {i}
    if full(i) then
      chosen = limit.reserves
      if not chosen then return {key(i), redis.call('PTTL', key(i))} end
      for _, reserve in ipairs(chosen) do
        if full(reserve) then return {key(reserve), redis.call('PTTL', key(reserve))} end
      end
    end
    for _, each in ipairs(chosen) do applied[#applied + 1] = each end
  end
end

local raised = {}
for _, i in ipairs(applied) do
  local by = limits[i].raisedBy
  if by == 'request' or (by == 'message' and request.message) then
    if redis.call('INCR', key(i)) == 1 then redis.call('EXPIRE', key(i), limits[i].window) end
    raised[#raised + 1] = key(i)
  end
end
local doublings = math.min(count(key(2)) - 1, 20)
local cooldown = math.min(request.cooldown * 2 ^ doublings, request.longestCooldown)
if cooldown > 0 then redis.call('SET', KEYS[1], '', 'EX', string.format('%d', cooldown)) end
return {'', cooldown, raised}`;

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
    private readonly redis: LimitsRedisClient,
    private readonly hashes: OtpHashService,
    private readonly sender: OtpSender,
    private readonly config: OtpConfig,
  ) {}

  /**
   * Counts one request for a code to this number on behalf of this address.
   *
   * @param hasAccount whether a message follows: only then is it counted by the limits that all numbers share. It makes no difference to
   *   whether the request is refused
   * @throws OtpSendLimitedError when a limit is reached; then nothing is counted
   */
  async charge(phone: PhoneNumber, ip: string, hasAccount: boolean): Promise<SendCharge> {
    const blocks = blocksOf(ip);
    const keys = this.keysOf(phone, blocks[0]!);
    const limits = this.limitsOf(keys, blocks, phone.countryCallingCode);
    const request = {
      address: keys.addressHash,
      otherAddresses: keys.others.map(({ addressHash }) => addressHash),
      cooldown: this.config.OTP_RESEND_SECONDS,
      longestCooldown: LONGEST_COOLDOWN_SECONDS,
      message: hasAccount,
      limits,
    };
    const redisKeys = [
      keys.cooldown,
      keys.knownAddresses,
      phoneSendsKey(keys),
      ...limits.map(({ key }) => key),
      ...keys.others.map(({ phoneHash }) => knownAddressesKey(phoneHash)),
    ];
    const [refusing, number, counters] = (await this.redis.eval(
      CHARGE,
      redisKeys.length,
      ...redisKeys,
      JSON.stringify(request),
    )) as [refusing: string, number: number, counters: string[]];
    if (refusing !== '') throw sendLimited(limits, refusing, number / 1000);
    return { keys, counters, resendAfter: number };
  }

  /** Cancels a charge: no message was sent. */
  async refund({ keys, counters }: SendCharge): Promise<void> {
    await this.redis.eval(REFUND, 1 + counters.length, keys.cooldown, ...counters);
  }

  private keysOf(phone: PhoneNumber, address: string): OtpKeys {
    const phoneHash = this.hashes.hash('phone', phone.number);
    const addressHash = this.hashes.hash('address', address);
    const otherAddresses = this.hashes.otherHashes('address', address);
    const others = this.hashes.otherHashes('phone', phone.number).map((hash, index) => ({
      phoneHash: hash,
      addressHash: otherAddresses[index]!,
    }));
    return {
      phoneHash,
      addressHash,
      others,
      cooldown: otpKey('cooldown', phoneHash, addressHash),
      failures: otpKey('failures', phoneHash, addressHash),
      knownAddresses: knownAddressesKey(phoneHash),
      phoneAddressSends: otpKey('sends:phone-address', phoneHash, addressHash),
      unknownAddressSends: otpKey('sends:unknown-addresses', phoneHash),
    };
  }

  /** In an order that the script and `reserves` rely on. */
  private limitsOf(keys: OtpKeys, blocks: string[], countryCode: string): Limit[] {
    const { config } = this;
    const usual = this.sender.isFree ? FREE_SENDS : COSTLY_SENDS;
    const ofPhone = { policy: 'otp-phone', window: DAY_SECONDS, raisedBy: 'request' } as const;
    const failures: Limit = {
      policy: 'otp-failures',
      key: keys.failures,
      quota: config.OTP_FAILURES,
      window: config.OTP_FAILURE_SECONDS,
      raisedBy: 'other',
    };
    return [
      failures,
      { ...ofPhone, key: keys.phoneAddressSends, quota: config.OTP_SENDS_PER_PHONE_AND_ADDRESS_DAY },
      { ...ofPhone, key: phoneSendsKey(keys), quota: config.OTP_SENDS_PER_PHONE_DAY ?? usual.perPhone },
      ...this.limitsOfUnknownAddresses(keys, blocks.at(-1)!),
      ...this.limitsOfBlocks(blocks, config.OTP_SENDS_PER_ADDRESS_HOUR ?? usual.perAddress),
      ...this.limitsOfMessages(countryCode, usual),
    ];
  }

  /**
   * What all unknown addresses together may ask for one number; begins at position 4. Behind that there is a little for addresses that haven't asked
   * for the number on this day, one for each wide block: one of them may be the owner's.
   */
  private limitsOfUnknownAddresses(keys: OtpKeys, widestBlock: string): Limit[] {
    const { config } = this;
    const blockHash = this.hashes.hash('address', widestBlock);
    const ofPhone = { policy: 'otp-phone', window: DAY_SECONDS } as const;
    const reserve = { ...ofPhone, raisedBy: 'request', isReserve: true } as const;
    return [
      {
        ...ofPhone,
        key: keys.unknownAddressSends,
        quota: config.OTP_SENDS_BY_UNKNOWN_ADDRESSES_DAY,
        raisedBy: 'request',
        unknownOnly: true,
        ...(config.OTP_SENDS_BY_NEW_ADDRESSES_HOUR > 0 ? { reserves: [5, 6, 7] } : {}),
      },
      { ...reserve, key: keys.phoneAddressSends, quota: 1, raisedBy: 'other' },
      { ...reserve, key: otpKey('sends:new-block', keys.phoneHash, blockHash), quota: 1 },
      {
        ...reserve,
        key: otpKey('sends:new-addresses', keys.phoneHash),
        quota: config.OTP_SENDS_BY_NEW_ADDRESSES_HOUR,
        window: HOUR_SECONDS,
      },
    ];
  }

  /** What one address may ask for, and the blocks that it lies in, from the narrowest to the widest. */
  private limitsOfBlocks(blocks: string[], quota: number): Limit[] {
    const wider = blocks.length > 2 ? [SHARE_OF_MIDDLE_BLOCK, SHARE_OF_WIDEST_BLOCK] : [SHARE_OF_WIDEST_BLOCK];
    return blocks.map((block, index) => ({
      policy: 'otp-address',
      key: otpKey('sends:address', this.hashes.hash('address', block)),
      quota: quota * [1, ...wider][index]!,
      window: HOUR_SECONDS,
      raisedBy: 'request',
      unknownOnly: index > 0,
    }));
  }

  /** What may be spent on messages. Only messages count. */
  private limitsOfMessages(countryCode: string, usual: typeof COSTLY_SENDS): Limit[] {
    const { config } = this;
    const limit = (policy: string, key: string, quota: number, window = HOUR_SECONDS): Limit => ({
      policy,
      key: otpKey('sends', key),
      quota,
      repeatedQuota: Math.ceil(quota * (1 - RESERVED_SHARE)),
      window,
      raisedBy: 'message',
      // The day's total holds for everyone: who is paid for receiving messages can log in with any number of accounts.
      unknownOnly: window === HOUR_SECONDS,
    });
    const { OTP_SENDS_PER_DAY: perDay } = config;
    return [
      limit('otp-country', `country:${countryCode}`, config.OTP_SENDS_PER_COUNTRY_HOUR ?? usual.perCountry),
      limit('otp-total', 'total', config.OTP_SENDS_PER_HOUR ?? usual.total),
      ...(perDay === undefined ? [] : [limit('otp-total', 'total-day', perDay, DAY_SECONDS)]),
    ];
  }
}

/** The blocks that an address lies in, from the narrowest to the widest: an IPv4 address and its /24, or the /64, /56 and /48 of IPv6. */
function blocksOf(ip: string): string[] {
  const blocks = addressBlocks(ip);
  return blocks.length > 1
    ? blocks
    : [...new Set([...blocks, ...blocks.map((ipv4) => ipv4.replace(/\.\d+$/, '.0/24'))])];
}

/** @param key the limit that was reached; a key of no limit is the cool-down */
function sendLimited(limits: Limit[], key: string, reset: number): OtpSendLimitedError {
  const { policy, quota, window } = limits.find((limit) => limit.key === key) ?? {
    policy: 'otp-resend',
    quota: 1,
    window: reset,
  };
  return new OtpSendLimitedError({ policy, quota, window, remaining: 0, reset });
}

/** Codes to a number on one day, logins or not, and whether or not it has an account. */
const phoneSendsKey = ({ phoneHash }: OtpKeys): string => otpKey('sends:phone', phoneHash);

/** Where the addresses are stored that have logged in with a number. */
export const knownAddressesKey = (phoneHash: string): string => otpKey('known-addresses', phoneHash);
