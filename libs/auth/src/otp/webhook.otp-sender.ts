import { Webhook } from 'standardwebhooks';
import { type OtpMessage, OtpSender } from './otp-sender.port.js';
import { assertAccepted } from './provider-response.js';

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
