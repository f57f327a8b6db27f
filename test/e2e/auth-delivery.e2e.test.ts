import { randomBytes } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { HttpClient } from '../support/http/http-client.js';
import { TlsProxy } from '../support/http/tls-proxy.js';
import { newPhone, type Tokens } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

const SECRET = randomSecret();

/** What an API in production has to have besides a way to send codes. It calls neither. */
const PRODUCTION = {
  NODE_ENV: 'production',
  OTP_SECRET: randomBytes(32).toString('base64'),
  STRIPE_SECRET_KEY: `sk_test_${randomBytes(12).toString('hex')}`,
  STRIPE_API_BASE_URL: '',
  STRIPE_WEBHOOK_SECRET: randomSecret(),
  PHONE_ALLOWED_COUNTRIES: 'US',
  OTP_SENDS_PER_DAY: '1000',
};

interface Message {
  to: string;
  code: string;
  text: string;
  via: string;
}

interface Sent {
  challengeId: string;
  expiresIn: number;
  resendAfter: number;
}

/** The product and a provider of messages, which is the sandbox. */
class Delivery {
  private constructor(
    readonly stack: Stack,
    private readonly tls: TlsProxy,
  ) {}

  /** @param env may name the sandbox's address by `{sandbox}`, which is `https:` as production wants it */
  static async start(env: Record<string, string>): Promise<Delivery> {
    const stack = await startStack({ workers: 0, apis: 0, env: { SANDBOX_SMS_SECRET: SECRET } });
    const tls = await TlsProxy.to(Number(new URL(stack.sandboxUrl).port));
    const own = Object.entries({ ...env, ...tls.trust }).map(([name, value]) => [
      name,
      value.replace('{sandbox}', tls.url),
    ]);
    await stack.add('api', Object.fromEntries(own) as Record<string, string>);
    return new Delivery(stack, tls);
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    this.tls.stop();
  }

  get sandbox(): HttpClient {
    return new HttpClient(this.stack.sandboxUrl);
  }

  async inbox(phone: string): Promise<Message[]> {
    const { body } = await this.sandbox.get<{ items: Message[] }>(`/sms/messages?to=${encodeURIComponent(phone)}`);
    return body.items;
  }

  fail(mode: 'fail' | 'hang' | 'ok', times: number | null = null): Promise<unknown> {
    return this.sandbox.send('PUT', '/control/sms', { body: { mode, times } });
  }

  async signUp(): Promise<string> {
    const phone = newPhone();
    await this.stack.http.post('/auth/signup', { phone });
    return phone;
  }

  sendOtp(phone: string) {
    return this.stack.http.post<Sent & { code?: string }>('/auth/send-otp', { phone });
  }
}

function randomSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}

describe('a code', () => {
  describe.each([
    ['webhook', { OTP_DELIVERY: 'webhook', OTP_WEBHOOK_URL: '{sandbox}/sms/webhook', OTP_WEBHOOK_SECRET: SECRET }],
    [
      'twilio',
      {
        OTP_DELIVERY: 'twilio',
        TWILIO_API_BASE_URL: '{sandbox}',
        TWILIO_ACCOUNT_SID: 'AC0123456789',
        TWILIO_AUTH_TOKEN: 'the-sandbox-takes-any',
        TWILIO_FROM: '+14155550100',
      },
    ],
  ])('by %s, in production', (way, env) => {
    let delivery: Delivery;

    beforeAll(async () => {
      // A provider that is held up must not be tried twice: the second message may be one too many.
      const timeouts = { OTP_DELIVERY_TIMEOUT_MS: '15000' };
      delivery = await Delivery.start({ ...PRODUCTION, ...env, ...timeouts, OTP_RESEND_SECONDS: '30' });
    }, 90_000);
    afterEach(() => delivery?.fail('ok'));
    afterAll(() => delivery?.stop());

    it('comes to the phone, not into the answer, and logs in', async () => {
      const phone = await delivery.signUp();
      const { status, body } = await delivery.sendOtp(phone);
      expect(status).toBe(202);
      expect(body).toEqual({ challengeId: expect.any(String), expiresIn: 300, resendAfter: 30 });
      const [message, ...others] = await delivery.inbox(phone);
      expect(others).toEqual([]);
      expect(message).toMatchObject({ via: way, to: phone, code: expect.stringMatching(/^\d{6}$/) });
      expect(message?.text).toContain('is good for 5 minutes');

      const { challengeId } = body;
      const answer = await delivery.stack.http.post<Tokens>('/auth/verify-otp', { challengeId, otp: message?.code });
      expect(answer.body.user.phone).toBe(phone);
    });

    it('does not come to a number without an account, whose answer is the same', async () => {
      const phone = newPhone();
      const { status, body } = await delivery.sendOtp(phone);
      expect(status).toBe(202);
      expect(body).toEqual({ challengeId: expect.any(String), expiresIn: 300, resendAfter: 30 });
      expect(await delivery.inbox(phone)).toEqual([]);
    });

    it('comes all the same when the first attempt fails', async () => {
      await delivery.fail('fail', 1);
      const phone = await delivery.signUp();
      expect((await delivery.sendOtp(phone)).status).toBe(202);
      expect(await delivery.inbox(phone)).toHaveLength(1);
    });

    it('that cannot be delivered is a 503 that costs nothing, also for a number without an account', async () => {
      await delivery.fail('fail');
      const phone = await delivery.signUp();
      for (const each of [phone, phone, newPhone()]) {
        const refused = await delivery.sendOtp(each);
        expect(refused).toMatchObject({ status: 503, body: { code: 'otp_delivery_failed' } });
        expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      }
      await delivery.fail('ok');
      expect((await delivery.sendOtp(phone)).status).toBe(202);
      expect((await delivery.sendOtp(phone)).status).toBe(429);
      expect((await delivery.sendOtp(newPhone())).status).toBe(202);
    });
  });

  it('that the provider never takes is a 503 within the timeouts', async () => {
    const delivery = await Delivery.start({
      OTP_DELIVERY: 'webhook',
      OTP_WEBHOOK_URL: '{sandbox}/sms/webhook',
      OTP_WEBHOOK_SECRET: SECRET,
      OTP_DELIVERY_TIMEOUT_MS: '500',
    });
    try {
      await delivery.fail('hang');
      const phone = await delivery.signUp();
      const begun = performance.now();
      expect((await delivery.sendOtp(phone)).status).toBe(503);
      expect(performance.now() - begun).toBeLessThan(3_000);
    } finally {
      await delivery.stop();
    }
  }, 90_000);

  it('is in the log with OTP_DELIVERY=log, and only there', async () => {
    const stack = await startStack({ workers: 0, sandbox: false, env: { OTP_DELIVERY: 'log' } });
    try {
      const phone = newPhone();
      await stack.http.post('/auth/signup', { phone });
      const { body } = await stack.http.post<Sent>('/auth/send-otp', { phone });
      expect(body).not.toHaveProperty('otp');
      const otp = await eventually(() => /(\d{6}) is your login code/.exec(stack.logs())?.[1]);
      const answer = await stack.http.post('/auth/verify-otp', { challengeId: body.challengeId, otp });
      expect(answer.status).toBe(200);
    } finally {
      await stack.stop();
    }
  }, 90_000);

  it.each(['response', 'log'])(
    'by %s keeps a process from starting in production',
    async (way) => {
      const start = startStack({ workers: 0, sandbox: false, env: { OTP_DELIVERY: way, NODE_ENV: 'production' } });
      await expect(start).rejects.toThrow(/OTP_DELIVERY must be webhook or twilio in production/);
    },
    60_000,
  );
});
