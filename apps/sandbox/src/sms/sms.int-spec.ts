import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../../../../test/support/eventually.js';
import { createSandbox } from '../create-sandbox.js';
import { readSandboxConfig } from '../sandbox.config.js';
import type { SmsMessage } from './sms-inbox.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PHONE = '+14155550123';
const DELIVERY = {
  type: 'otp.send',
  data: { phone: PHONE, code: '042137', expiresInSeconds: 300, text: '042137 is your <code>.' },
};

let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  app = await createSandbox(readSandboxConfig({ NODE_ENV: 'test', SANDBOX_SMS_SECRET: SECRET }));
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterEach(() => fetch(`${url}/control/sms`, { method: 'DELETE' }));
afterAll(() => app?.close());

function deliver(
  id = 'msg_1',
  { secret = SECRET, body = JSON.stringify(DELIVERY), signal = AbortSignal.timeout(20_000) } = {},
) {
  const now = new Date();
  return fetch(`${url}/sms/webhook`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, now, body),
    },
    body,
    signal,
  });
}

const sendByTwilio = (form: Record<string, string>, user = 'AC1'): Promise<Response> =>
  fetch(`${url}/2010-04-01/Accounts/AC1/Messages.json`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${user}:token`).toString('base64')}` },
    body: new URLSearchParams(form),
  });

async function inbox(query = ''): Promise<SmsMessage[]> {
  const { items } = (await (await fetch(`${url}/sms/messages${query}`)).json()) as { items: SmsMessage[] };
  return items;
}

const setMode = (mode: object): Promise<Response> =>
  fetch(`${url}/control/sms`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(mode),
  });

const mode = async (): Promise<string> => ((await (await fetch(`${url}/control/sms`)).json()) as { mode: string }).mode;

describe('the inbox', () => {
  it('takes what is signed, once for each delivery', async () => {
    expect((await deliver()).status).toBe(204);
    expect((await deliver()).status).toBe(204);
    expect(await inbox()).toEqual([
      expect.objectContaining({ via: 'webhook', to: PHONE, code: '042137', text: '042137 is your <code>.' }),
    ]);
  });

  it('refuses another signature, and what is no code', async () => {
    expect((await deliver('msg_2', { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })).status).toBe(401);
    expect((await deliver('msg_3', { body: '{"type":"otp.send","data":{"phone":"+14155550123"}}' })).status).toBe(400);
    expect(await inbox()).toEqual([]);
  });

  it('takes what comes by Twilio, and answers as Twilio does', async () => {
    const response = await sendByTwilio({ To: PHONE, From: '+15005550006', Body: '123456 is your code' });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({
      sid: expect.stringMatching(/^SM\w{32}$/),
      status: 'queued',
      to: PHONE,
    });
    expect(await inbox()).toMatchObject([{ via: 'twilio', to: PHONE, code: '123456' }]);
  });

  it.each([
    ['another account', 401, 20003, { To: PHONE, From: '1', Body: 'x' }, 'AC2'],
    ['no receiver', 400, 21604, { From: '1', Body: 'x' }, 'AC1'],
    ['no sender', 400, 21603, { To: PHONE, Body: 'x' }, 'AC1'],
    ['no text', 400, 21602, { To: PHONE, MessagingServiceSid: 'MG1' }, 'AC1'],
  ])('refuses for Twilio %s', async (_what, status, code, form, user) => {
    const response = await sendByTwilio(form, user);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, status });
  });

  it('shows the newest first, to people and to programs, of one phone if asked', async () => {
    await deliver();
    await sendByTwilio({ To: '+4930123456', From: '1', Body: 'Hallo' });

    expect((await inbox()).map(({ to }) => to)).toEqual(['+4930123456', PHONE]);
    expect((await inbox(`?to=${encodeURIComponent(PHONE)}`)).map(({ to }) => to)).toEqual([PHONE]);
    expect((await inbox(`?to=${PHONE}`)).map(({ to }) => to)).toEqual([PHONE]);
    const page = await (await fetch(`${url}/sms`)).text();
    expect(page.indexOf('Hallo')).toBeLessThan(page.indexOf('042137 is your &lt;code&gt;.'));
  });

  it('fails as many times as the mode says', async () => {
    await setMode({ mode: 'fail', status: 503, times: 2 });
    const statuses = [(await deliver()).status, (await sendByTwilio({})).status, (await deliver()).status];
    expect(statuses).toEqual([503, 503, 204]);
  });

  it('hangs until the sender gives up', async () => {
    await setMode({ mode: 'hang', times: 1 });
    const sender = new AbortController();
    const hanging = deliver('msg_4', { signal: sender.signal });
    // Once it has been received, the next delivery is not to hang.
    await eventually(async () => (await mode()) === 'ok');
    sender.abort();
    await expect(hanging).rejects.toThrow('aborted');
    expect((await deliver('msg_4')).status).toBe(204);
    expect(await inbox()).toHaveLength(1);
  });
});
