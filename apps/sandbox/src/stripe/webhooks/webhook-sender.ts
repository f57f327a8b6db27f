import { Injectable } from '@nestjs/common';
import type { Attempt, Endpoint } from './delivery.js';
import { signatureHeader } from './signature.js';

/** Posts one signed body to one endpoint. */
@Injectable()
export class WebhookSender {
  async send(endpoint: Endpoint, body: string, timeoutMs: number): Promise<Attempt> {
    const now = Date.now();
    const at = new Date(now).toISOString();
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        body,
        headers: {
          accept: '*/*; q=0.5, application/json',
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signatureHeader(body, endpoint.secrets, Math.floor(now / 1000)),
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.arrayBuffer(); // frees the connection for the next delivery
      return { at, status: response.status, error: null };
    } catch (error) {
      return { at, status: null, error: reasonOf(error) };
    }
  }
}

/** The error of `fetch` itself has no code; its cause has one. */
function reasonOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: string }; name?: string };
  return cause?.code ?? name ?? String(error);
}
