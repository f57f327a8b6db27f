import 'reflect-metadata';
import { Clock, RedisClient, RedisConfig, uuidv7 } from '@app/platform';
import fc from 'fast-check';
import { eventually } from '../../../../test/support/eventually.js';
import { newPhone } from '../../../../test/support/login.js';
import { testRedis } from '../../../../test/support/services.js';
import { parsePhoneNumber } from '../phone/phone-number.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { OtpChallengeStore } from './otp-challenge.store.js';
import { OtpHashService } from './otp-hash.service.js';
import { OtpConfig } from './otp.config.js';
import { OtpSendLimitedError } from './otp.errors.js';
import { ResponseOtpSender } from './response.otp-sender.js';
import { SendLimitService } from './send-limit.service.js';

class WallClock extends Clock {
  override now(): Date {
    return new Date();
  }
}

const HOME = '203.0.113.1';
const UNKNOWN_ADDRESS = '198.51.100.1';

let redis: RedisClient;

beforeAll(async () => {
  const { host, port, db } = await testRedis();
  redis = new RedisClient(Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db }));
  await eventually(() => redis.status === 'ready');
});

beforeEach(() => redis.flushdb());
afterAll(() => redis.onApplicationShutdown());

/** Everything about codes, under these limits; without a cool-down unless given. */
function build(limits: Partial<OtpConfig> = {}) {
  const config = Object.assign(new OtpConfig(), { OTP_RESEND_SECONDS: 0, ...limits });
  const secret = new OtpHashService(config, Object.assign(new AccessTokenConfig(), { JWT_SECRET: 'x'.repeat(32) }));
  const sends = new SendLimitService(redis, secret, new ResponseOtpSender(), config);
  const challenges = new OtpChallengeStore(redis, secret, new WallClock(), config);
  const charge = (phone: string, ip = HOME) => sends.charge(parsePhoneNumber(phone)!, ip);
  const challenge = async (phone: string, userId: string | null, ip = HOME) =>
    challenges.create(await charge(phone, ip), userId);
  return { sends, challenges, charge, challenge };
}

/** A code that is not this one. */
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

const logIn = async ({ challenges, challenge }: ReturnType<typeof build>, phone: string, ip = HOME) => {
  const userId = uuidv7();
  const { id, code } = await challenge(phone, userId, ip);
  expect(await challenges.verify(id, code)).toBe(userId);
};

describe('a challenge', () => {
  it('is met by the right code, once, of 20 at once', async () => {
    const { challenges, challenge } = build();
    const userId = uuidv7();
    const { id, code } = await challenge(newPhone(), userId);
    const answers = await Promise.all(Array.from({ length: 20 }, () => challenges.verify(id, code)));
    expect(answers.filter((answer) => answer !== null)).toEqual([userId]);
  });

  it('evaluates 5 of 200 wrong codes at once, and then not even the right one', async () => {
    const { challenges, challenge } = build({ OTP_FAILURES: 1_000 });
    const { id, code } = await challenge(newPhone(), uuidv7());
    await Promise.all(Array.from({ length: 200 }, () => challenges.verify(id, wrong(code))));
    const [failures] = await redis.keys('{otp}:failures:*');
    expect(await redis.get(failures!)).toBe('5');
    expect(await challenges.verify(id, code)).toBeNull();
  });

  it('is met after fewer wrong codes than allowed, in any number', async () => {
    const { challenges, challenge } = build({ OTP_FAILURES: 1_000, OTP_SENDS_PER_PHONE_AND_ADDRESS_DAY: 1_000 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 8 }), async (wrongCodes) => {
        const userId = uuidv7();
        const { id, code } = await challenge(newPhone(), userId);
        for (let tried = 0; tried < wrongCodes; tried++) expect(await challenges.verify(id, wrong(code))).toBeNull();
        expect(await challenges.verify(id, code)).toBe(wrongCodes < 5 ? userId : null);
      }),
      { numRuns: 20 },
    );
  });

  it('is not met by the code of another challenge', async () => {
    const { challenges, challenge } = build();
    const one = await challenge(newPhone(), uuidv7());
    let other = await challenge(newPhone(), uuidv7());
    while (other.code === one.code) other = await challenge(newPhone(), uuidv7());
    expect(await challenges.verify(one.id, other.code)).toBeNull();
    expect(await challenges.verify(uuidv7(), one.code)).toBeNull();
  });

  it('is over after its time', async () => {
    const { challenges, challenge } = build({ OTP_SECONDS: 1 });
    const { id, code } = await challenge(newPhone(), uuidv7());
    await eventually(async () => (await redis.keys('{otp}:challenge:*')).length === 0);
    expect(await challenges.verify(id, code)).toBeNull();
  });

  it('for a number without an account is met by no code', async () => {
    const { challenges, challenge } = build();
    const { id, code } = await challenge(newPhone(), null);
    expect(await challenges.verify(id, code)).toBeNull();
  });

  it('leaves neither its code nor its number in Redis', async () => {
    const { challenge } = build();
    const phone = newPhone();
    const { code } = await challenge(phone, uuidv7());
    const keys = await redis.keys('*');
    const hashes = await Promise.all(keys.map((key) => redis.hgetall(key).catch(() => ({}))));
    const text = JSON.stringify([keys, hashes]);
    expect(text).not.toContain(phone.slice(1));
    expect(text.replace(/[A-Za-z0-9_-]{36,}/g, '')).not.toContain(code);
  });

  it('is forgotten with its account', async () => {
    const auth = build();
    const phone = newPhone();
    await logIn(auth, phone);
    const { id, code } = await auth.challenge(phone, uuidv7());
    await auth.challenges.forget(phone);
    expect(await auth.challenges.verify(id, code)).toBeNull();
    expect(await redis.keys('{otp}:known-addresses:*')).toEqual([]);
  });
});

describe('the budget of wrong codes', () => {
  const spend = async ({ challenges, challenge }: ReturnType<typeof build>, phone: string, ip = HOME) => {
    const { id, code } = await challenge(phone, uuidv7(), ip);
    for (let tried = 0; tried < 5; tried++) await challenges.verify(id, wrong(code));
  };

  it('is not renewed by new challenges: at its end no further one is given', async () => {
    const auth = build();
    const phone = newPhone();
    await spend(auth, phone);
    await spend(auth, phone);
    await expect(auth.challenge(phone, uuidv7())).rejects.toThrow(OtpSendLimitedError);
  });

  it('leaves one attempt, when it is spent, to a challenge without a wrong code', async () => {
    const auth = build();
    const phone = newPhone();
    const userId = uuidv7();
    const [untouched, tried, failed] = [
      await auth.challenge(phone, userId),
      await auth.challenge(phone, userId),
      await auth.challenge(phone, userId),
    ];
    await auth.challenges.verify(tried.id, wrong(tried.code));
    await spend(auth, phone);
    await spend(auth, phone);
    expect(await auth.challenges.verify(tried.id, tried.code)).toBeNull();
    await auth.challenges.verify(failed.id, wrong(failed.code));
    expect(await auth.challenges.verify(failed.id, failed.code)).toBeNull();
    expect(await auth.challenges.verify(untouched.id, untouched.code)).toBe(userId);
  });

  it('of an unknown address is its own: the user logs in, before and after', async () => {
    const auth = build();
    const phone = newPhone();
    const userId = uuidv7();
    const before = await auth.challenge(phone, userId);
    await spend(auth, phone, UNKNOWN_ADDRESS);
    await spend(auth, phone, UNKNOWN_ADDRESS);
    await expect(auth.challenge(phone, userId, UNKNOWN_ADDRESS)).rejects.toThrow(OtpSendLimitedError);
    expect(await auth.challenges.verify(before.id, before.code)).toBe(userId);
    const after = await auth.challenge(phone, userId);
    expect(await auth.challenges.verify(after.id, after.code)).toBe(userId);
  });

  it('is charged to the address that asked for the challenge, wherever the codes come from', async () => {
    const auth = build();
    const phone = newPhone();
    await spend(auth, phone, UNKNOWN_ADDRESS);
    const [budget] = await redis.keys('{otp}:failures:*');
    const mine = await auth.charge(phone);
    expect(budget).not.toBe(mine.keys.failures);
  });

  it('begins anew with a login', async () => {
    const auth = build();
    const phone = newPhone();
    await spend(auth, phone);
    await logIn(auth, phone);
    await spend(auth, phone);
    await expect(auth.challenge(phone, uuidv7())).resolves.toBeDefined();
  });
});

describe('sends', () => {
  const refusal = (attempt: Promise<unknown>) =>
    attempt.then(
      () => null,
      (error: OtpSendLimitedError) => error.headers['RateLimit'],
    );

  it('wait for each other, longer every time, per number and address', async () => {
    const { charge } = build({ OTP_RESEND_SECONDS: 10 });
    const phone = newPhone();
    const first = await charge(phone);
    expect(first.resendAfter).toBe(10);
    expect(await refusal(charge(phone))).toBe('"otp-resend";r=0;t=10');
    expect(await refusal(charge(phone, UNKNOWN_ADDRESS))).toBeNull();
    expect(await refusal(charge(newPhone()))).toBeNull();
    for (const seconds of [20, 40, 80]) {
      await redis.del(first.keys.cooldown);
      expect((await charge(phone)).resendAfter).toBe(seconds);
    }
  });

  it('need not wait after a login', async () => {
    const auth = build({ OTP_RESEND_SECONDS: 10 });
    const phone = newPhone();
    await logIn(auth, phone);
    expect((await auth.charge(phone)).resendAfter).toBe(10);
  });

  it('to one number for one address end with the day’s share, logins aside', async () => {
    const auth = build({ OTP_SENDS_PER_PHONE_AND_ADDRESS_DAY: 3 });
    const phone = newPhone();
    for (let round = 0; round < 5; round++) await logIn(auth, phone);
    for (let sent = 0; sent < 3; sent++) await auth.charge(phone);
    expect(await refusal(auth.charge(phone))).toMatch(/^"otp-phone";r=0;t=8[56]\d{3}$/);
  });

  it('for unknown addresses end together, while an address that has logged in continues', async () => {
    const auth = build({ OTP_SENDS_BY_UNKNOWN_ADDRESSES_DAY: 3 });
    const phone = newPhone();
    await logIn(auth, phone);
    for (const last of [1, 2, 3]) await auth.charge(phone, `198.51.100.${last}`);
    expect(await refusal(auth.charge(phone, '198.51.100.4'))).toMatch(/^"otp-phone"/);
    await logIn(auth, phone);
  });

  it.each(['OTP_SENDS_PER_COUNTRY_HOUR', 'OTP_SENDS_PER_HOUR'])(
    'beyond %s continue for addresses that have logged in, whoever used it up',
    async (limit) => {
      const auth = build({ [limit]: 2 });
      const phone = newPhone();
      await logIn(auth, phone);
      await auth.charge(newPhone(), UNKNOWN_ADDRESS);
      expect(await refusal(auth.charge(newPhone(), UNKNOWN_ADDRESS))).not.toBeNull();
      await logIn(auth, phone);
    },
  );

  it.each([
    ['number', { OTP_SENDS_PER_PHONE_DAY: 2 }, 'otp-phone'],
    ['address', { OTP_SENDS_PER_ADDRESS_HOUR: 2 }, 'otp-address'],
    ['country', { OTP_SENDS_PER_COUNTRY_HOUR: 2 }, 'otp-country'],
    ['hour', { OTP_SENDS_PER_HOUR: 2 }, 'otp-total'],
  ])('are counted per %s, logins or not', async (what, limits, policy) => {
    const auth = build(limits);
    const phone = newPhone();
    const to = () => (what === 'number' ? phone : newPhone());
    await logIn(auth, to());
    await logIn(auth, to());
    expect(await refusal(auth.charge(to()))).toMatch(new RegExp(`^"${policy}"`));
  });

  it('at once never overrun a limit', async () => {
    const { charge } = build({ OTP_SENDS_PER_HOUR: 7 });
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => charge(newPhone())));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
  });

  it('that are refused or refunded cost nothing', async () => {
    const { charge, sends } = build({ OTP_SENDS_PER_HOUR: 3, OTP_SENDS_PER_ADDRESS_HOUR: 1, OTP_RESEND_SECONDS: 10 });
    const phone = newPhone();
    await sends.refund(await charge(phone));
    await charge(phone);
    expect(await refusal(charge(newPhone()))).toMatch(/^"otp-address"/);
    expect(await refusal(charge(newPhone(), '198.51.100.1'))).toBeNull();
    expect(await refusal(charge(newPhone(), '198.51.100.2'))).toBeNull();
    expect(await refusal(charge(newPhone(), '198.51.100.3'))).toMatch(/^"otp-total"/);
  });
});
