import 'reflect-metadata';
import { type RedisClient, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import type { Redis } from 'ioredis';
import { newPhone } from '../../../../test/support/login.js';
import { connectTestRedis } from '../../../../test/support/deployments/redis-connections.js';
import { parsePhoneNumber } from '../phone/phone-number.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { OtpChallengeStore } from './otp-challenge.store.js';
import { OtpHashService } from './otp-hash.service.js';
import { OtpConfig } from './otp.config.js';
import type { OtpSendLimitedError } from './otp.errors.js';
import { PendingNameStore } from './pending-name.store.js';
import { ResponseOtpSender } from './response.otp-sender.js';
import { SendLimitService } from './send-limit.service.js';

const HOME = '203.0.113.1';
const UNKNOWN_ADDRESS = '198.51.100.1';

let redis: RedisClient;
/** Sends what the product has no need of. */
let raw: Redis;
let closeRedis: () => void;

beforeAll(async () => {
  ({ redis, raw, close: closeRedis } = await connectTestRedis());
});

beforeEach(() => raw.flushdb());
afterAll(() => closeRedis());

/** Everything about codes in one replica. */
function build(settings: Partial<OtpConfig>) {
  const config = Object.assign(new OtpConfig(), { OTP_RESEND_SECONDS: 0, ...settings });
  const tokens = new AccessTokenConfig();
  const [hashes, clock] = [new OtpHashService(config, tokens), new SystemClock()];
  const sends = new SendLimitService(redis, hashes, new ResponseOtpSender(), config);
  const names = new PendingNameStore(redis, hashes, clock, config, tokens);
  const store = new OtpChallengeStore(redis, hashes, names, clock, config);
  const charge = (phone: string, ip = HOME) => sends.charge(parsePhoneNumber(phone)!, ip, true);
  const challenge = async (phone: string, userId: string) => store.create(await charge(phone), userId);
  return { names, store, charge, challenge };
}

/** A code that is not this one. */
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

/** The limit that refuses, as it is told; null when none does. */
const refusal = (attempt: Promise<unknown>) =>
  attempt.then(
    () => null,
    (error: OtpSendLimitedError) => error.headers['RateLimit'],
  );

describe('While the secret is being rotated', () => {
  const [OLD, NEW] = ['o'.repeat(32), 'n'.repeat(32)];
  const LIMITS = { OTP_SENDS_BY_UNKNOWN_ADDRESSES_DAY: 1, OTP_SENDS_BY_NEW_ADDRESSES_HOUR: 0 };
  /** Replicas before it, in its first step, in its second and after it; none knows what the others are set to. */
  const replicas = () =>
    [
      { OTP_SECRET: OLD },
      { OTP_SECRET: OLD, OTP_SECRET_NEXT: NEW },
      { OTP_SECRET: NEW, OTP_SECRET_PREVIOUS: OLD },
      { OTP_SECRET: NEW },
    ].map((secrets) => build({ ...LIMITS, ...secrets }));
  /** What runs beside each other while the first, the second and the third step are rolled out, in either order. */
  const BESIDE: [number, number][] = [
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 1],
    [2, 3],
    [3, 2],
  ];

  it.each(BESIDE)('a code and a name of replica %i are good at replica %i', async (from, to) => {
    const [sender, verifier] = [replicas()[from]!, replicas()[to]!];
    const phone = newPhone();
    const userId = uuidv7();
    await sender.names.remember(phone, HOME, 'Alice');
    const own = await verifier.challenge(phone, userId);
    expect(await sender.store.verify(own.id, own.code)).toEqual({ userId, name: 'Alice' });
    const other = await sender.challenge(phone, userId);
    expect(await verifier.store.verify(other.id, wrong(other.code))).toBeNull();
    expect(await verifier.store.verify(other.id, other.code)).toMatchObject({ userId });
  });

  it('an address that has logged in stays known, and all is forgotten of an erased account', async () => {
    const [before, , after] = replicas();
    const phone = newPhone();
    const first = await before!.challenge(phone, uuidv7());
    expect(await before!.store.verify(first.id, first.code)).not.toBeNull();
    expect(await refusal(after!.charge(phone, UNKNOWN_ADDRESS))).toBeNull();
    expect(await refusal(after!.charge(phone, '198.51.100.2'))).toMatch(/^"otp-phone"/);
    expect(await refusal(after!.charge(phone))).toBeNull();
    const { id, code } = await before!.challenge(phone, uuidv7());
    await after!.store.forget(phone);
    expect(await before!.store.verify(id, code)).toBeNull();
    expect(await raw.keys('{otp}:known-addresses:*')).toEqual([]);
  });

  it('a variable that is left from the step before changes nothing', async () => {
    const left = build({ OTP_SECRET: NEW, OTP_SECRET_NEXT: NEW, OTP_SECRET_PREVIOUS: OLD });
    const phone = newPhone();
    const userId = uuidv7();
    await left.names.remember(phone, UNKNOWN_ADDRESS, 'Alice');
    const { id, code } = await left.challenge(phone, userId);
    expect(await left.store.verify(id, code)).toEqual({ userId, name: 'Alice' });
  });

  it('in one step, codes are lost', async () => {
    const [before, , , after] = replicas();
    const { id, code } = await before!.challenge(newPhone(), uuidv7());
    expect(await after!.store.verify(id, code)).toBeNull();
  });
});
