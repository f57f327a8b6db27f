import 'reflect-metadata';
import { type RedisClient, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { eventually } from '../../../../test/support/eventually.js';
import { newPhone } from '../../../../test/support/login.js';
import { connectTestRedis } from '../../../../test/support/deployments/redis-connections.js';
import { parsePhoneNumber } from '../phone/phone-number.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { OtpChallengeStore } from './otp-challenge.store.js';
import { OtpHashService } from './otp-hash.service.js';
import { OtpConfig } from './otp.config.js';
import { OtpSendLimitedError } from './otp.errors.js';
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

/** Everything about codes, under these limits; without a cool-down unless given. */
function build(limits: Partial<OtpConfig> = {}) {
  const config = Object.assign(new OtpConfig(), { OTP_RESEND_SECONDS: 0, ...limits });
  const tokenConfig = Object.assign(new AccessTokenConfig(), { JWT_SECRET: 'x'.repeat(32) });
  const secret = new OtpHashService(config, tokenConfig);
  const clock = new SystemClock();
  const sends = new SendLimitService(redis, secret, new ResponseOtpSender(), config);
  const names = new PendingNameStore(redis, secret, clock, config, tokenConfig);
  const store = new OtpChallengeStore(redis, secret, names, clock, config);
  const charge = (phone: string, ip = HOME, hasAccount = true) =>
    sends.charge(parsePhoneNumber(phone)!, ip, hasAccount);
  const challenge = async (phone: string, userId: string | null, ip = HOME) =>
    store.create(await charge(phone, ip, userId !== null), userId);
  const challenges = {
    verify: async (id: string, code: string) => (await store.verify(id, code))?.userId ?? null,
    forget: (phone: string) => store.forget(phone),
  };
  /** The name that a right code brings. */
  const nameBy = async (id: string, code: string) => (await store.verify(id, code))?.name;
  return { sends, names, challenges, charge, challenge, nameBy };
}

/** A code that is not this one. */
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

/** The limit that refuses, as it is told; null when none does. */
const refusal = (attempt: Promise<unknown>) =>
  attempt.then(
    () => null,
    (error: OtpSendLimitedError) => error.headers['RateLimit'],
  );

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
    const [failures] = await raw.keys('{otp}:failures:*');
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
    await eventually(async () => (await raw.keys('{otp}:challenge:*')).length === 0);
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
    const keys = await raw.keys('*');
    const hashes = await Promise.all(keys.map((key) => raw.hgetall(key).catch(() => ({}))));
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
    expect(await raw.keys('{otp}:known-addresses:*')).toEqual([]);
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
    const [budget] = await raw.keys('{otp}:failures:*');
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
  it('wait for each other, longer every time, per number and address', async () => {
    const { charge } = build({ OTP_RESEND_SECONDS: 10 });
    const phone = newPhone();
    const first = await charge(phone);
    expect(first.resendAfter).toBe(10);
    const told = /^"otp-resend";r=0;t=(\d+)$/.exec((await refusal(charge(phone))) ?? '');
    expect(Number(told?.[1])).toBeGreaterThanOrEqual(Math.ceil((await raw.pttl(first.keys.cooldown)) / 1_000));
    expect(Number(told?.[1])).toBeLessThanOrEqual(10);
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
    const auth = build({ OTP_SENDS_BY_UNKNOWN_ADDRESSES_DAY: 3, OTP_SENDS_BY_NEW_ADDRESSES_HOUR: 0 });
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

  it('that reach their limit for unknown addresses continue for a few new ones, one for each block, so that the owner gets in', async () => {
    const auth = build({ OTP_SENDS_BY_UNKNOWN_ADDRESSES_DAY: 3, OTP_SENDS_BY_NEW_ADDRESSES_HOUR: 2 });
    const phone = newPhone();
    for (const third of [1, 2, 3]) await auth.charge(phone, `198.51.${third}.1`);
    expect(await refusal(auth.charge(phone, '198.51.1.1'))).toMatch(/^"otp-phone"/);
    expect(await refusal(auth.charge(phone, '198.51.1.2'))).toBeNull();
    expect(await refusal(auth.charge(phone, '198.51.1.2'))).toMatch(/^"otp-phone"/);
    expect(await refusal(auth.charge(phone, '198.51.1.3'))).toMatch(/^"otp-phone"/);
    await logIn(auth, phone, '203.0.113.99');
    expect(await refusal(auth.charge(phone, '192.0.2.1'))).toMatch(/^"otp-phone";r=0;t=3[56]\d\d$/);
    await logIn(auth, phone, '203.0.113.99');
  });

  it.each(['198.51.100', '2001:db8:1'])('of one block of addresses (%s…) are limited together', async (block) => {
    const { charge } = build({ OTP_SENDS_PER_ADDRESS_HOUR: 3 });
    const addresses = Array.from({ length: 40 }, (_, n) =>
      block.includes(':') ? `${block}:${n.toString(16)}00::1` : `${block}.${n}`,
    );
    const refusals = [];
    for (const address of addresses) refusals.push(await refusal(charge(newPhone(), address, false)));
    expect(refusals.filter((each) => each === null)).toHaveLength(12);
    expect(refusals.at(-1)).toMatch(/^"otp-address"/);
    expect(await refusal(charge(newPhone(), '203.0.113.1'))).toBeNull();
  });

  it('of one block of addresses don’t count against an address in it that has logged in', async () => {
    const auth = build({ OTP_SENDS_PER_ADDRESS_HOUR: 10 });
    const phone = newPhone();
    await logIn(auth, phone, '198.51.100.1');
    for (let n = 0; n < 40; n++) await auth.charge(newPhone(), `198.51.100.${2 + (n % 10)}`).catch(() => null);
    expect(await refusal(auth.charge(newPhone(), '198.51.100.99'))).toMatch(/^"otp-address"/);
    await logIn(auth, phone, '198.51.100.1');
  });

  describe.each([
    ['OTP_SENDS_PER_COUNTRY_HOUR', 'otp-country'],
    ['OTP_SENDS_PER_HOUR', 'otp-total'],
    ['OTP_SENDS_PER_DAY', 'otp-total'],
  ])('under %s', (limit, policy) => {
    const LIMITS = { [limit]: 5, OTP_SENDS_PER_ADDRESS_HOUR: 1_000 };

    it('cost nothing where no message is sent, however many are asked for', async () => {
      const { charge } = build(LIMITS);
      for (let n = 0; n < 50; n++) await charge(newPhone(), UNKNOWN_ADDRESS, false);
      for (let n = 0; n < 5; n++) expect(await refusal(charge(newPhone()))).toBeNull();
      expect(await refusal(charge(newPhone()))).toMatch(new RegExp(`^"${policy}"`));
    });

    it('are refused alike whether or not the number has an account', async () => {
      const { charge } = build(LIMITS);
      const [known, unknown] = [newPhone(), newPhone()];
      await charge(known);
      await charge(unknown, HOME, false);
      const both = async () => [await refusal(charge(known)), await refusal(charge(unknown, HOME, false))];
      const policies = (answers: (string | null | undefined)[]) =>
        answers.map((answer) => answer?.split(';')[0] ?? 'sent');
      expect(policies(await both())).toEqual(['sent', 'sent']);
      for (let n = 0; n < 2; n++) await charge(newPhone());
      // The last fifth is for numbers that weren't asked for today, known or not.
      expect(policies(await both())).toEqual([`"${policy}"`, `"${policy}"`]);
      expect(await refusal(charge(newPhone(), HOME, false))).toBeNull();
      expect(await refusal(charge(newPhone()))).toBeNull();
      expect(policies([await refusal(charge(newPhone(), HOME, false)), await refusal(charge(newPhone()))])).toEqual([
        `"${policy}"`,
        `"${policy}"`,
      ]);
    });
  });

  it('under OTP_SENDS_PER_DAY end for addresses that have logged in, too: receiving them may be somebody’s income', async () => {
    const auth = build({ OTP_SENDS_PER_DAY: 3 });
    const phone = newPhone();
    for (let n = 0; n < 3; n++) await logIn(auth, phone);
    expect(await refusal(auth.charge(phone))).toMatch(/^"otp-total";r=0;t=8[56]\d{3}$/);
  });
});

describe('the name of a new account', () => {
  const OWNER = '203.0.113.1';
  const MALLORY = '198.51.100.1';

  it('is the one that was given by who asked for the code, whoever signed up before or after', async () => {
    const { names, challenge, nameBy } = build();
    const phone = newPhone();
    await names.remember(phone, MALLORY, 'Mallory');
    await names.remember(phone, OWNER, 'Alice');
    const owners = await challenge(phone, uuidv7(), OWNER);
    await names.remember(phone, MALLORY, 'Mallory again');
    await names.remember(phone, OWNER, 'Mallory behind the same address');
    const other = await challenge(phone, uuidv7(), MALLORY);
    expect(await nameBy(owners.id, owners.code)).toBe('Alice');
    expect(await nameBy(other.id, other.code)).toBe('Mallory again');
  });

  it('is the only one where the address has changed since the sign-up, and none where there are several', async () => {
    const { names, challenge, nameBy } = build();
    const phone = newPhone();
    await names.remember(phone, OWNER, 'Zoë 🎉');
    const one = await challenge(phone, uuidv7(), '192.0.2.1');
    await names.remember(phone, MALLORY, 'Mallory');
    const several = await challenge(phone, uuidv7(), '192.0.2.1');
    expect(await nameBy(one.id, one.code)).toBe('Zoë 🎉');
    expect(await nameBy(several.id, several.code)).toBeNull();
  });

  it('is none where its owner gave none, whatever others gave', async () => {
    const { names, challenge, nameBy } = build();
    const phone = newPhone();
    await names.remember(phone, OWNER, null);
    await names.remember(phone, MALLORY, 'Mallory');
    const { id, code } = await challenge(phone, uuidv7(), OWNER);
    expect(await nameBy(id, code)).toBeNull();
  });

  it('stays the latest one, however many others are given for the number; and little is stored', async () => {
    const { names, challenge, nameBy } = build();
    const phone = newPhone();
    for (let n = 0; n < 50; n++) await names.remember(phone, `198.51.100.${n}`, 'M'.repeat(100));
    await names.remember(phone, OWNER, 'Alice');
    const { id, code } = await challenge(phone, uuidv7(), OWNER);
    expect(await nameBy(id, code)).toBe('Alice');
    const [key] = await raw.keys('{otp}:names:*');
    expect(await raw.hlen(key!)).toBe(20);
    expect(await raw.ttl(key!)).toBeGreaterThan(3_000);
  });

  it('is not readable in Redis, and is forgotten with the account', async () => {
    const { names, challenges, challenge } = build();
    const phone = newPhone();
    await names.remember(phone, OWNER, 'Alice');
    await challenge(phone, uuidv7(), OWNER);
    const keys = await raw.keys('*');
    const hashes = await Promise.all(keys.map((key) => raw.hgetall(key).catch(() => ({}))));
    expect(JSON.stringify([keys, hashes])).not.toContain('Alice');
    await challenges.forget(phone);
    expect(await raw.keys('{otp}:names:*')).toEqual([]);
    expect(await raw.keys('{otp}:challenge:*')).toEqual([]);
  });
});
