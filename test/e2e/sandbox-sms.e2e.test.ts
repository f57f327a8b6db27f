import { randomBytes } from 'node:crypto';
import { HttpClient } from '../support/http/http-client.js';
import { newPhone } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

const SECRET = `whsec_${randomBytes(24).toString('base64')}`;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ apis: 0, workers: 0, env: { SANDBOX_SMS_SECRET: SECRET } });
}, 120_000);
afterAll(() => stack?.stop());

/** A client of an API that delivers codes this way. */
async function apiWith(env: Record<string, string>): Promise<HttpClient> {
  return new HttpClient((await stack.add('api', env)).url);
}

async function codeSentTo(phone: string): Promise<{ code: string; via: string }> {
  const { body } = await new HttpClient(stack.sandboxUrl).get<{ items: { code: string; via: string }[] }>(
    `/sms/messages?to=${encodeURIComponent(phone)}`,
  );
  expect(body.items).toHaveLength(1);
  return body.items[0] as { code: string; via: string };
}

const ways: [string, (url: string) => Record<string, string>][] = [
  ['webhook', (url) => ({ OTP_WEBHOOK_URL: `${url}/sms/webhook`, OTP_WEBHOOK_SECRET: SECRET })],
  [
    'twilio',
    (url) => ({
      TWILIO_API_BASE_URL: url,
      TWILIO_ACCOUNT_SID: 'AC0',
      TWILIO_AUTH_TOKEN: 'token',
      TWILIO_FROM: '+15005550006',
    }),
  ],
];

describe.each(ways)('a code delivered by %s', (via, settings) => {
  let api: HttpClient;
  beforeAll(async () => {
    api = await apiWith({ OTP_DELIVERY: via, ...settings(stack.sandboxUrl) });
  }, 60_000);

  it('reaches the inbox, and logs in', async () => {
    const phone = newPhone();
    await api.post('/auth/signup', { phone });
    const { status, body } = await api.post<{ challengeId: string; otp?: string }>('/auth/send-otp', { phone });
    expect(status).toBe(202);
    expect(body.otp).toBeUndefined();

    const message = await codeSentTo(phone);
    expect(message.via).toBe(via);
    const login = await api.post('/auth/verify-otp', { challengeId: body.challengeId, otp: message.code });
    expect(login.status).toBe(200);
  });
});
