import { createHmac } from 'node:crypto';

/**
 * The `Stripe-Signature` header: the time, and an HMAC over time and body for each secret.
 *
 * @param secrets several while Stripe rolls a secret
 * @param at real time in Unix seconds
 */
export function signatureHeader(body: string, secrets: readonly string[], at: number): string {
  const signatures = secrets.map((secret) => createHmac('sha256', secret).update(`${at}.${body}`).digest('hex'));
  return [`t=${at}`, ...signatures.map((signature) => `v1=${signature}`)].join(',');
}
