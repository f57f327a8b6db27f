import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisClient, uuidv7 } from '@app/platform';
import { Webhook } from 'standardwebhooks';
import type { Redis } from 'ioredis';
import { connectTestRedis } from '../../../../test/support/deployments/redis-connections.js';
import { OtpDeliveryConfig } from './otp-delivery.config.js';
import { OtpDeliveryService } from './otp-delivery.service.js';
import type { OtpMessage, OtpSender } from './otp-sender.port.js';
import { TwilioOtpSender } from './twilio.otp-sender.js';
import { WebhookOtpSender } from './webhook.otp-sender.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const MESSAGE: OtpMessage = {
  id: uuidv7(),
  phone: '+14155550123',
  code: '042137',
  expiresInSeconds: 300,
  text: '042137 is your login code.',
};

/** A provider of messages that answers as it is told. */
class Provider {
  readonly requests: { url: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
  /** What the next requests get; after the last one, 200. */
  readonly answers: { status?: number; afterMs?: number; never?: boolean }[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void text(request).then(async (body) => {
        this.requests.push({ url: request.url, headers: request.headers, body });
        const { status = 200, afterMs = 0, never = false } = this.answers.shift() ?? {};
        if (never) return;
        await sleep(afterMs);
        response.writeHead(status).end();
      });
    });
  }

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

let redis: RedisClient;
/** Sends what the product has no need of. */
let raw: Redis;
let closeRedis: () => void;
let provider: Provider;

beforeAll(async () => {
  ({ redis, raw, close: closeRedis } = await connectTestRedis());
});

beforeEach(async () => {
  await raw.flushdb();
  provider = await new Provider().start();
});

afterEach(() => provider.stop());
afterAll(() => closeRedis());

/** @param timeoutMs more than a provider takes that answers, on a machine however busy */
const by = (sender: OtpSender, timeoutMs = 60_000) =>
  new OtpDeliveryService(sender, redis, Object.assign(new OtpDeliveryConfig(), { OTP_DELIVERY_TIMEOUT_MS: timeoutMs }));

const byWebhook = (timeoutMs?: number) => by(new WebhookOtpSender(`${provider.url}/otp`, SECRET), timeoutMs);

describe('a message by webhook', () => {
  it('is signed per Standard Webhooks and says what to send to whom', async () => {
    expect(await byWebhook().deliver(MESSAGE)).toBe(true);
    const [request] = provider.requests;
    expect(request?.url).toBe('/otp');
    const signed = request?.headers as Record<string, string>;
    expect(new Webhook(SECRET).verify(request?.body ?? '', signed)).toEqual({
      type: 'otp.send',
      data: { phone: '+14155550123', code: '042137', expiresInSeconds: 300, text: '042137 is your login code.' },
    });
  });

  it('is sent once more, under the same id, when the receiver fails', async () => {
    provider.answers.push({ status: 500 });
    expect(await byWebhook().deliver(MESSAGE)).toBe(true);
    expect(new Set(provider.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(provider.requests).toHaveLength(2);
  });

  it('is sent once more when the receiver does not answer in time', async () => {
    provider.answers.push({ never: true });
    expect(await byWebhook(4_000).deliver(MESSAGE)).toBe(true);
    expect(provider.requests).toHaveLength(2);
  });

  it('is given up when the receiver fails twice', async () => {
    provider.answers.push({ status: 503 }, { status: 429 });
    expect(await byWebhook().deliver(MESSAGE)).toBe(false);
    expect(provider.requests).toHaveLength(2);
  });

  it('is given up at once when the receiver refuses it', async () => {
    provider.answers.push({ status: 400 });
    expect(await byWebhook().deliver(MESSAGE)).toBe(false);
    expect(provider.requests).toHaveLength(1);
  });

  it('is given up when there is no receiver', async () => {
    const delivery = byWebhook();
    provider.stop();
    expect(await delivery.deliver(MESSAGE)).toBe(false);
  });

  it('does not follow the receiver elsewhere', async () => {
    provider.answers.push({ status: 307 }, { status: 307 });
    expect(await byWebhook().deliver(MESSAGE)).toBe(false);
  });
});

describe('a message by Twilio', () => {
  const byTwilio = (from: string) =>
    by(new TwilioOtpSender({ baseUrl: provider.url, accountSid: 'AC1', authToken: 'secret', from }));

  it('goes to the account’s messages with its credentials', async () => {
    expect(await byTwilio('+14155550100').deliver(MESSAGE)).toBe(true);
    const [request] = provider.requests;
    expect(request?.url).toBe('/2010-04-01/Accounts/AC1/Messages.json');
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('AC1:secret').toString('base64')}`);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      To: '+14155550123',
      From: '+14155550100',
      Body: '042137 is your login code.',
    });
  });

  it('goes through a messaging service where that is the sender', async () => {
    await byTwilio('MG1').deliver(MESSAGE);
    const body = new URLSearchParams(provider.requests[0]?.body);
    expect(body.get('MessagingServiceSid')).toBe('MG1');
    expect(body.has('From')).toBe(false);
  });
});

describe('a delivery that is only imitated', () => {
  async function timed(work: Promise<boolean>): Promise<{ delivered: boolean; ms: number }> {
    const begun = performance.now();
    const delivered = await work;
    return { delivered, ms: performance.now() - begun };
  }

  it('reaches no phone', async () => {
    expect(await byWebhook().imitate()).toBe(true);
    expect(provider.requests).toEqual([]);
  });

  it('takes as long as a real one', async () => {
    const delivery = byWebhook();
    provider.answers.push({ afterMs: 120 });
    await delivery.deliver(MESSAGE);
    const { delivered, ms } = await timed(delivery.imitate());
    expect(delivered).toBe(true);
    expect(ms).toBeGreaterThan(100);
  });

  it('fails while real ones fail, as late as they do, on every replica', async () => {
    provider.answers.push({ afterMs: 120, status: 400 });
    await byWebhook().deliver(MESSAGE);
    const { delivered, ms } = await timed(byWebhook().imitate());
    expect(delivered).toBe(false);
    expect(ms).toBeGreaterThan(100);
  });

  it('succeeds again when a real one did', async () => {
    const delivery = byWebhook();
    provider.answers.push({ status: 400 });
    await delivery.deliver(MESSAGE);
    await delivery.deliver(MESSAGE);
    expect(await delivery.imitate()).toBe(true);
  });
});
