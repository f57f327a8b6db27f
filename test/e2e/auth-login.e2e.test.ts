import { Redis } from 'ioredis';
import { type Challenge, logIn, newPhone, sendOtp, signUpAndLogIn, type Tokens } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

/** Writes ASCII digits in another script's. @param zero the code point of its zero */
const inDigits = (text: string, zero: number): string =>
  text.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

/** A code that is not this one. */
const wrong = (otp: string): string => String((Number(otp) + 1) % 1_000_000).padStart(6, '0');

describe('login by one-time code', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ apis: 2, workers: 0, sandbox: false });
  }, 90_000);
  afterAll(() => stack?.stop());

  const signUp = async (): Promise<string> => {
    const phone = newPhone();
    await stack.http.post('/auth/signup', { phone });
    return phone;
  };
  const verify = ({ challengeId }: Challenge, otp: string, headers = {}) =>
    stack.http.post<Tokens & { code?: string }>('/auth/verify-otp', { challengeId, otp }, headers);
  const failOften = async (challenge: Challenge, times = 5) => {
    for (let tried = 0; tried < times; tried++) await verify(challenge, wrong(challenge.otp));
  };

  it('leads from a number in any writing to an account', async () => {
    const phone = newPhone();
    const written = `${phone.slice(0, 2)} (${phone.slice(2, 5)}) ${phone.slice(5, 8)}-${phone.slice(8)}`;
    const signUpAnswer = await stack.http.post('/auth/signup', { phone: written, name: 'Ada' });
    expect(signUpAnswer).toMatchObject({ status: 202, body: { phone } });

    const challenge = await sendOtp(stack.http, written);
    expect(challenge).toEqual({
      challengeId: expect.any(String),
      otp: expect.stringMatching(/^\d{6}$/),
      expiresIn: 300,
      resendAfter: 0,
    });

    const { status, body } = await verify(challenge, challenge.otp);
    expect(status).toBe(200);
    expect(body).toEqual({
      accessToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshToken: expect.any(String),
      refreshExpiresIn: 30 * 86_400,
      user: { id: expect.any(String), phone, name: 'Ada', plan: 'basic', createdAt: expect.any(String) },
    });
    const me = await stack.http.as(body.accessToken).get('/user/me');
    expect(me).toMatchObject({ status: 200, body: body.user });
  });

  it.each([
    ['Arabic digits', (otp: string) => inDigits(otp, 0x660)],
    ['Persian digits', (otp: string) => inDigits(otp, 0x6f0)],
    ['Devanagari digits', (otp: string) => inDigits(otp, 0x966)],
    ['full-width digits', (otp: string) => inDigits(otp, 0xff10)],
    ['a hyphen', (otp: string) => `${otp.slice(0, 3)}-${otp.slice(3)}`],
    ['a minus sign', (otp: string) => `${otp.slice(0, 3)}\u2212${otp.slice(3)}`],
    ['a dash and marks of direction', (otp: string) => `\u202D${otp.slice(0, 3)}\u2013${otp.slice(3)}\u202C`],
    ['spaces of all kinds', (otp: string) => ` ${otp.slice(0, 3)}\u202F${otp.slice(3)}\u00A0\n`],
  ])('takes a code in %s', async (_, write) => {
    const phone = await signUp();
    const challenge = await sendOtp(stack.http, inDigits(`\u202A${phone}\u202C`, 0x660));
    expect((await verify(challenge, write(challenge.otp))).status).toBe(200);
  });

  it('does not suffer from what can be no code, however often it comes', async () => {
    const phone = await signUp();
    const challenge = await sendOtp(stack.http, phone);
    for (const otp of ['', '12345', '1234567', '١٢٣٤٥', '12345a', 'code', '-', '½½½½½½', '²²²²²²']) {
      expect(await verify(challenge, otp)).toMatchObject({ status: 401, body: { code: 'otp_invalid' } });
    }
    expect((await verify(challenge, challenge.otp)).status).toBe(200);
  });

  it('is refused for a number of a special range, with its pointer', async () => {
    for (const phone of ['+870773111632', '+881612345678', '+979123456789', '+44 845 464 6464', '+1 900 555 0123']) {
      for (const path of ['/auth/signup', '/auth/send-otp']) {
        const { status, body } = await stack.http.post(path, { phone });
        expect([phone, status]).toEqual([phone, 400]);
        expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/phone' }] });
      }
    }
  });

  it('is refused for what is no phone number, with its pointer', async () => {
    for (const path of ['/auth/signup', '/auth/send-otp']) {
      const { status, body } = await stack.http.post(path, { phone: '12345' });
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/phone' }] });
    }
  });

  it('opens one session when the right code comes 20 times at once, at two replicas', async () => {
    const phone = await signUp();
    const { challengeId, otp } = await sendOtp(stack.http, phone);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        stack.http.at(stack.api(n % 2).url).post<Tokens & { code: string }>('/auth/verify-otp', { challengeId, otp }),
      ),
    );
    const [opened, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expect(answers.filter(({ status, body }) => status === 401 && body.code === 'otp_invalid')).toHaveLength(19);
    const { body } = await stack.http.as(opened!.body.accessToken).get<{ items: unknown[] }>('/auth/sessions');
    expect(body.items).toHaveLength(1);
  });

  it('evaluates 5 of 200 wrong codes that come at once; then the right one is worth nothing', async () => {
    const phone = await signUp();
    const challenge = await sendOtp(stack.http, phone);
    const answers = await Promise.all(Array.from({ length: 200 }, () => verify(challenge, wrong(challenge.otp))));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.code}`))).toEqual(new Set(['401 otp_invalid']));
    expect((await verify(challenge, challenge.otp)).status).toBe(401);

    // Five were counted: with five more the budget for the number is spent, not with the first of them.
    const next = await sendOtp(stack.http, phone);
    await failOften(next, 4);
    await expect(verify(next, next.otp)).resolves.toMatchObject({ status: 200 });
  });

  it('gives no new guesses with new challenges', async () => {
    const phone = await signUp();
    const [early, late] = [await sendOtp(stack.http, phone), await sendOtp(stack.http, phone)];
    await verify(late, wrong(late.otp));
    await failOften(await sendOtp(stack.http, phone));
    await failOften(await sendOtp(stack.http, phone));

    const refused = await stack.http.post('/auth/send-otp', { phone });
    expect(refused).toMatchObject({ status: 429, body: { code: 'otp_send_limited' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000);
    expect(refused.headers.get('ratelimit-policy')).toBe('"otp-failures";q=10;w=3600');
    expect((await verify(late, late.otp)).status).toBe(401);
    await verify(early, wrong(early.otp));
    expect((await verify(early, early.otp)).status).toBe(401);
  });

  it('works with the first try, whoever shares the address and has spent the guesses', async () => {
    const phone = await signUp();
    const mine = await sendOtp(stack.http, phone);
    await failOften(await sendOtp(stack.http, phone));
    await failOften(await sendOtp(stack.http, phone));
    expect((await verify(mine, mine.otp)).status).toBe(200);
  });

  it('gives no new guesses to who makes up proxies', async () => {
    const phone = await signUp();
    const challenge = await sendOtp(stack.http, phone);
    for (let tried = 0; tried < 5; tried++) {
      await verify(challenge, wrong(challenge.otp), { 'x-forwarded-for': `198.51.100.${tried}` });
    }
    expect((await verify(challenge, challenge.otp, { 'x-forwarded-for': '198.51.100.99' })).status).toBe(401);

    await failOften(await sendOtp(stack.http, phone));
    const refused = await stack.http.post('/auth/send-otp', { phone }, { 'x-forwarded-for': '198.51.100.100' });
    expect(refused.status).toBe(429);
  });

  it('does not suffer from a code that was meant for another challenge, or from an unknown one', async () => {
    const phone = await signUp();
    const mine = await sendOtp(stack.http, phone);
    for (const challengeId of ['0197a1c0-0000-7000-8000-000000000002', 'nonsense', '']) {
      const answer = await stack.http.post('/auth/verify-otp', { challengeId, otp: mine.otp });
      expect(answer).toMatchObject({ status: 401, body: { code: 'otp_invalid' } });
    }
    expect((await verify(mine, mine.otp)).status).toBe(200);
  });

  it('is not possible for who signed up only, and changes nothing for who has an account', async () => {
    const phone = newPhone();
    const { tokens } = await signUpAndLogIn(stack.http, phone, 'Ada');
    const { body } = await stack.http.post('/auth/signup', { phone, name: 'Mallory' });
    expect(body).toEqual({ phone });
    expect((await stack.http.as(tokens.accessToken).get('/user/me')).body).toMatchObject({ name: 'Ada' });
    expect((await logIn(stack.http, phone)).tokens.user).toEqual(tokens.user);
  });

  it('keeps neither codes nor numbers in Redis', async () => {
    const phone = await signUp();
    const { otp } = await sendOtp(stack.http, phone);
    const { host, port, db } = stack.redis;
    const redis = new Redis({ host, port, db });
    const keys = await redis.keys('{otp}:*');
    const values = await Promise.all(keys.map((key) => redis.hgetall(key).catch(() => redis.dump(key))));
    redis.disconnect();
    const text = JSON.stringify([keys, values]);
    expect(keys.length).toBeGreaterThan(0);
    expect(text).not.toContain(phone.slice(1));
    // Hashes are noise in which any six digits may turn up.
    expect(text.replace(/[\w-]{36,}/g, '')).not.toContain(otp);
  });
});

describe('behind one proxy', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ workers: 0, sandbox: false, env: { TRUST_PROXY_HOPS: '1' } });
  }, 90_000);
  afterAll(() => stack?.stop());

  const USER = { 'x-forwarded-for': '203.0.113.1' };
  const UNKNOWN_ADDRESS = { 'x-forwarded-for': '198.51.100.1' };
  const send = (phone: string, from: Record<string, string>) =>
    stack.http.post<Challenge>('/auth/send-otp', { phone }, from);
  const verify = ({ challengeId }: Challenge, otp: string, from: Record<string, string>) =>
    stack.http.post('/auth/verify-otp', { challengeId, otp }, from);

  it('an unknown address that fails on its own challenges locks out only itself', async () => {
    const phone = newPhone();
    await stack.http.post('/auth/signup', { phone }, USER);
    const early = (await send(phone, USER)).body;
    for (let round = 0; round < 2; round++) {
      const { body } = await send(phone, UNKNOWN_ADDRESS);
      for (let tried = 0; tried < 5; tried++) await verify(body, wrong(body.otp), UNKNOWN_ADDRESS);
    }
    expect((await send(phone, UNKNOWN_ADDRESS)).status).toBe(429);

    expect((await verify(early, early.otp, USER)).status).toBe(200);
    const late = (await send(phone, USER)).body;
    expect((await verify(late, late.otp, USER)).status).toBe(200);
  });

  it.each([
    ['later', ['Alice', 'Mallory']],
    ['earlier', ['Mallory', 'Alice']],
  ])('the name is the owner’s, although another address signs the number up %s', async (_, names) => {
    const phone = newPhone();
    for (const name of names) {
      await stack.http.post('/auth/signup', { phone, name }, name === 'Alice' ? USER : UNKNOWN_ADDRESS);
    }
    const { body } = await send(phone, USER);
    await stack.http.post('/auth/signup', { phone, name: 'Mallory' }, UNKNOWN_ADDRESS);
    const answer = await stack.http.post<Tokens>(
      '/auth/verify-otp',
      { challengeId: body.challengeId, otp: body.otp },
      USER,
    );
    expect(answer.body.user.name).toBe('Alice');
  });

  it('the name is the one of the sign-up before the code was asked for, also behind one address', async () => {
    const phone = newPhone();
    await stack.http.post('/auth/signup', { phone, name: 'Alice' }, USER);
    const { body } = await send(phone, USER);
    await stack.http.post('/auth/signup', { phone, name: 'Mallory' }, USER);
    const { challengeId, otp } = body;
    const answer = await stack.http.post<Tokens>('/auth/verify-otp', { challengeId, otp }, USER);
    expect(answer.body.user.name).toBe('Alice');
  });

  it('only the last address of X-Forwarded-For is believed', async () => {
    const phone = newPhone();
    await stack.http.post('/auth/signup', { phone });
    for (let round = 0; round < 2; round++) {
      const from = { 'x-forwarded-for': `192.0.2.${round}, 198.51.100.7` };
      const { body } = await send(phone, from);
      for (let tried = 0; tried < 5; tried++) await verify(body, wrong(body.otp), from);
    }
    expect((await send(phone, { 'x-forwarded-for': '192.0.2.9, 198.51.100.7' })).status).toBe(429);
    expect((await send(phone, { 'x-forwarded-for': '192.0.2.9, 198.51.100.8' })).status).toBe(202);
  });
});
