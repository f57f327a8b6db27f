import { type Challenge, newPhone } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

type From = Record<string, string>;

const from = (address: string): From => ({ 'x-forwarded-for': address });

describe('limits on codes', () => {
  const COUNTRY_QUOTA = 20;
  let stack: Stack;

  const start = async (env: Record<string, string>) => {
    stack = await startStack({
      workers: 0,
      sandbox: false,
      env: {
        TRUST_PROXY_HOPS: '1',
        RATE_LIMIT_AUTH_PER_MINUTE: '1000000',
        OTP_ANSWER_STEP_MS: '0',
        ...env,
      },
    });
  };
  const limitCountry = () => start({ OTP_SENDS_PER_COUNTRY_HOUR: String(COUNTRY_QUOTA) });
  afterEach(() => stack?.stop());

  const send = (phone: string, address: From) =>
    stack.http.post<Challenge & { code?: string }>('/auth/send-otp', { phone }, address);
  const signUp = async (address: From): Promise<string> => {
    const phone = newPhone();
    await stack.http.post('/auth/signup', { phone }, address);
    return phone;
  };
  const expectToLogIn = async (phone: string, address: From) => {
    const { status, body } = await send(phone, address);
    expect([status, body.code]).toEqual([202, undefined]);
    const { challengeId, otp } = body;
    expect((await stack.http.post('/auth/verify-otp', { challengeId, otp }, address)).status).toBe(200);
  };

  it('are not used up by a thousand numbers without an account: others of the country log in', async () => {
    await limitCountry();
    for (let batch = 0; batch < 1_000; batch += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, n) => {
          const host = batch + n;
          const address = `2001:db8:5:${host.toString(16)}::${host.toString(16)}`;
          return send(`+1415555${String(host).padStart(4, '0')}`, from(address));
        }),
      );
    }
    const phone = await signUp(from('203.0.113.1'));
    await expectToLogIn(phone, from('203.0.113.1'));
  }, 120_000);

  it('let an owner in from a new address, after others have asked for the number thirty times', async () => {
    await start({});
    const phone = await signUp(from('203.0.113.1'));
    const refusals = [];
    for (let n = 1; n <= 40; n++) refusals.push((await send(phone, from(`198.51.100.${n}`))).status);
    expect(refusals).toContain(429);
    await expectToLogIn(phone, from('203.0.113.7'));
  }, 60_000);

  it('that are reached let in numbers that no code was asked for, and tell no number with an account from others', async () => {
    await limitCountry();
    const busy = await Promise.all(Array.from({ length: COUNTRY_QUOTA }, () => signUp(from('192.0.2.1'))));
    for (const phone of busy.slice(0, (COUNTRY_QUOTA * 4) / 5)) await send(phone, from('192.0.2.1'));
    const faceOf = async (phone: string) => {
      const { status, body, headers } = await send(phone, from('192.0.2.2'));
      return JSON.stringify([status, body.code, headers.get('ratelimit-policy')]);
    };
    const asked = newPhone();
    await send(asked, from('192.0.2.3'));
    const refused = [429, 'otp_send_limited', `"otp-country";q=${COUNTRY_QUOTA};w=3600`];
    for (const phone of [busy[0]!, asked]) expect(await faceOf(phone)).toBe(JSON.stringify(refused));

    await expectToLogIn(await signUp(from('203.0.113.1')), from('203.0.113.1'));
    for (const phone of busy.slice((COUNTRY_QUOTA * 4) / 5 + 1)) await send(phone, from('192.0.2.1'));
    const [known, unknown] = [await signUp(from('192.0.2.4')), newPhone()];
    for (const phone of [known, unknown]) expect(await faceOf(phone)).toBe(JSON.stringify(refused));
  }, 60_000);
});
