import { randomBytes, randomInt } from 'node:crypto';
import { Clock, LimitsRedisClient, uuidv7 } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { otpKey, OtpHashService } from './otp-hash.service.js';
import { OtpConfig } from './otp.config.js';
import { pendingNamesKey, PendingNameStore } from './pending-name.store.js';
import { knownAddressesKey, type SendCharge } from './send-limit.service.js';

const CODE_DIGITS = 6;
const CODE = new RegExp(`^\\d{${CODE_DIGITS}}$`);
/** How long an address that has logged in with a number stays known for it. */
const KNOWN_ADDRESS_MS = 30 * 86_400_000;
const MAX_KNOWN_ADDRESSES = 20;

/** A challenge as its maker knows it. */
export interface NewChallenge {
  id: string;
  /** Six digits. */
  code: string;
}

/** Whom a right code logs in. */
export interface SolvedChallenge {
  userId: string;
  /** The name that was given in the sign-up that the challenge belongs to; null when none was. */
  name: string | null;
}

// KEYS: challenge, the number's open challenges, the names given in sign-ups, under each of the number's hashes. ARGV: id, seconds, how many
// hashes, the address by each of them, then the fields. A challenge has the name that came from its own address, or the only one.
const CREATE = `
local hashes = tonumber(ARGV[3])
redis.call('HSET', KEYS[1], unpack(ARGV, 4 + hashes))
local name, all = false, {}
for i = 1, hashes do
  name = name or redis.call('HGET', KEYS[2 + i], ARGV[3 + i])
  for _, each in ipairs(redis.call('HVALS', KEYS[2 + i])) do all[#all + 1] = each end
end
if not name and #all == 1 then name = all[1] end
redis.call('HSET', KEYS[1], 'name', name or '')
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[2])`;

// KEYS: challenge. ARGV: how many hashes of the code there are, failures allowed, their window in seconds, now and how long an address stays
// known in ms, known addresses at most, attempts of a new challenge, the hashes. Everything about a guess happens here, so guesses
// made at once are evaluated one by one. With the failures used up, a challenge without a wrong code keeps one attempt: it
// may have been asked for by another person than the one who failed. Gives the user's id and the name for the right code,
// which is thereby used up.
const VERIFY = `
local code, user, attempts, failures, cooldown = unpack(redis.call('HMGET', KEYS[1],
  'code', 'user', 'attempts', 'failures', 'cooldown'))
local phoneAddressSends, unknownAddressSends, knownAddresses, address = unpack(redis.call('HMGET', KEYS[1],
  'phoneAddressSends', 'unknownAddressSends', 'knownAddresses', 'address'))
local name = redis.call('HGET', KEYS[1], 'name') or ''
if not code then return false end
local exhausted = tonumber(redis.call('GET', failures) or '0') >= tonumber(ARGV[2])
if exhausted and attempts ~= ARGV[7] then return false end
local right = false
for i = 8, 7 + ARGV[1] do right = right or code == ARGV[i] end
if not right then
  if redis.call('HINCRBY', KEYS[1], 'attempts', -1) <= 0 then redis.call('DEL', KEYS[1]) end
  if redis.call('INCR', failures) == 1 then redis.call('EXPIRE', failures, ARGV[3]) end
  return false
end
redis.call('DEL', KEYS[1], failures, cooldown, phoneAddressSends)
if unknownAddressSends ~= '' and tonumber(redis.call('GET', unknownAddressSends) or '0') > 0 then
  redis.call('DECR', unknownAddressSends)
end
redis.call('ZADD', knownAddresses, ARGV[4], address)
redis.call('ZREMRANGEBYSCORE', knownAddresses, '-inf', ARGV[4] - ARGV[5])
redis.call('ZREMRANGEBYRANK', knownAddresses, 0, -ARGV[6] - 1)
redis.call('PEXPIRE', knownAddresses, ARGV[5])
return {user, name}`;

/**
 * One-time codes in Redis. A challenge holds a keyed hash of its code, never the code. One for a number without an
 * account differs only in that no code is the right one.
 */
@Injectable()
export class OtpChallengeStore {
  constructor(
    private readonly redis: LimitsRedisClient,
    private readonly hashes: OtpHashService,
    private readonly names: PendingNameStore,
    private readonly clock: Clock,
    private readonly config: OtpConfig,
  ) {}

  /** @param userId whom the right code logs in; null when the number has no account: then no code is right */
  async create({ keys, counters }: SendCharge, userId: string | null): Promise<NewChallenge> {
    const id = uuidv7();
    const code = randomInt(10 ** CODE_DIGITS)
      .toString()
      .padStart(CODE_DIGITS, '0');
    const fields = {
      code: userId === null ? randomBytes(32).toString('base64url') : this.hashes.hash('code', id, code),
      user: userId ?? '',
      attempts: this.config.OTP_ATTEMPTS,
      failures: keys.failures,
      cooldown: keys.cooldown,
      phoneAddressSends: keys.phoneAddressSends,
      unknownAddressSends: counters.includes(keys.unknownAddressSends) ? keys.unknownAddressSends : '',
      knownAddresses: keys.knownAddresses,
      address: keys.addressHash,
    };
    const hashes = [keys, ...keys.others];
    const names = hashes.map(({ phoneHash }) => pendingNamesKey(phoneHash));
    const addresses = hashes.map(({ addressHash }) => addressHash);
    const redisKeys = [challengeKey(id), openKey(keys.phoneHash), ...names];
    const values = [id, this.config.OTP_SECONDS, hashes.length, ...addresses, ...Object.entries(fields).flat()];
    await this.redis.eval(CREATE, redisKeys.length, ...redisKeys, ...values);
    return { id, code };
  }

  /** Uses the code up and gives whom it logs in; null when it is wrong, or the challenge expired or unknown. */
  async verify(id: string, code: string): Promise<SolvedChallenge | null> {
    // What can't be a code is wrong, and costs no attempt: it is a slip, and rules out none of the codes that may be right.
    if (!CODE.test(code)) return null;
    const { OTP_FAILURES, OTP_FAILURE_SECONDS, OTP_ATTEMPTS } = this.config;
    const now = this.clock.now().getTime();
    const limits = [OTP_FAILURES, OTP_FAILURE_SECONDS, now, KNOWN_ADDRESS_MS, MAX_KNOWN_ADDRESSES, OTP_ATTEMPTS];
    const hashes = [this.hashes.hash('code', id, code), ...this.hashes.otherHashes('code', id, code)];
    const values = [hashes.length, ...limits, ...hashes];
    const solved = (await this.redis.eval(VERIFY, 1, challengeKey(id), ...values)) as [string, string] | null;
    return solved && { userId: solved[0], name: this.names.read(solved[1]) };
  }

  /** Deletes a challenge whose code was not delivered. */
  async discard(id: string): Promise<void> {
    await this.redis.del(challengeKey(id));
  }

  /**
   * Deletes the open challenges, known addresses and names of a number. The counters stay until they expire within a day:
   * they are keyed hashes, and erasing an account must not be the way around the limits.
   * @param phone E.164
   */
  async forget(phone: string): Promise<void> {
    for (const phoneHash of [this.hashes.hash('phone', phone), ...this.hashes.otherHashes('phone', phone)]) {
      const open = await this.redis.smembers(openKey(phoneHash));
      const ofNumber = [openKey(phoneHash), knownAddressesKey(phoneHash), pendingNamesKey(phoneHash)];
      await this.redis.del(...ofNumber, ...open.map((id) => challengeKey(id)));
    }
  }
}

const challengeKey = (id: string): string => otpKey('challenge', id);
const openKey = (phoneHash: string): string => otpKey('open', phoneHash);
