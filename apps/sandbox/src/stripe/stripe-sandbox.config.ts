import { type ListedPrice, priceList } from './price-list.js';

/** The address of the stand-in for Stripe, and where it sends events. */
export abstract class StripeSandboxConfig {
  /** Where events are delivered; null: nowhere, until the control API names an endpoint. */
  abstract readonly webhookUrl: string | null;
  /** What deliveries are signed with. */
  abstract readonly webhookSecret: string;
  /** The style of what is delivered; `both` delivers each event twice, as two destinations would. */
  abstract readonly webhookPayload: 'snapshot' | 'thin' | 'both';
  /** How a browser reaches the sandbox; null: at the host that the API call was sent to. */
  abstract readonly publicUrl: string | null;
  /** The prices that exist from the start, Pro's monthly one first, so that sandbox and backend can share one environment. */
  abstract readonly prices: readonly ListedPrice[];
}

/**
 * Reads `SANDBOX_STRIPE_WEBHOOK_URL`, `_SECRET` and `_PAYLOAD`, `SANDBOX_PUBLIC_URL`, `STRIPE_PRICE_ID` and `PLANS_FILE`; a blank one counts as absent.
 *
 * @throws Error that names the variable, never its value
 */
export function readStripeSandboxConfig(env: NodeJS.ProcessEnv): StripeSandboxConfig {
  const payload = env.SANDBOX_STRIPE_WEBHOOK_PAYLOAD || 'snapshot';
  if (payload !== 'snapshot' && payload !== 'thin' && payload !== 'both') {
    throw new Error('SANDBOX_STRIPE_WEBHOOK_PAYLOAD must be snapshot, thin or both');
  }
  return {
    webhookUrl: urlOrNull(env, 'SANDBOX_STRIPE_WEBHOOK_URL'),
    webhookSecret: env.SANDBOX_STRIPE_WEBHOOK_SECRET || 'whsec_sandbox',
    webhookPayload: payload,
    publicUrl: urlOrNull(env, 'SANDBOX_PUBLIC_URL')?.replace(/\/+$/, '') ?? null,
    prices: priceList(env.STRIPE_PRICE_ID || 'price_pro', env.PLANS_FILE || null),
  };
}

function urlOrNull(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = env[name];
  if (!value) return null;
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) throw new Error(`${name} must be an http or https URL`);
  return value;
}
