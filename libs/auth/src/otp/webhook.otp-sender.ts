import { Webhook } from 'standardwebhooks';
import { type OtpMessage, OtpRejectedError, OtpSender } from './otp-sender.port.js';

/** Statuses below 500 after which another attempt may help. */
const RETRYABLE = [408, 425, 429];

/** Posts codes to an HTTP endpoint, signed per Standard Webhooks, so that any provider can be attached. */
export class WebhookOtpSender extends OtpSender {
  private readonly webhook: Webhook;

  /** @param secret base64, with or without the prefix `whsec_` */
  constructor(
    private readonly url: string,
    secret: string,
  ) {
    super();
    this.webhook = new Webhook(secret);
  }

  override async send({ id, phone, code, expiresInSeconds, text }: OtpMessage, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ type: 'otp.send', data: { phone, code, expiresInSeconds, text } });
    const sentAt = new Date();
    const response = await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': `msg_${id}`,
        'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
        'webhook-signature': this.webhook.sign(`msg_${id}`, sentAt, body),
      },
      body,
      redirect: 'error',
      signal,
    });
    await response.body?.cancel();
    assertAccepted(response.status);
  }
}

/** @throws OtpRejectedError or Error unless the status is a 2xx */
export function assertAccepted(status: number): void {
  if (status >= 200 && status < 300) return;
  const message = `The receiver of codes answered ${status}`;
  throw status >= 500 || RETRYABLE.includes(status) ? new Error(message) : new OtpRejectedError(message);
}
