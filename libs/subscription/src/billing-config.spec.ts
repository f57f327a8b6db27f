import 'reflect-metadata';
import { loadConfig } from '@app/platform';
import { CheckoutConfig } from './checkout/checkout.config.js';
import { StripeConfig } from './stripe/stripe.config.js';
import { WebhookConfig } from './webhook/webhook.config.js';

const CLASSES = [StripeConfig, CheckoutConfig, WebhookConfig];
const load = (env: Record<string, string>) => () => loadConfig(CLASSES, env);

describe('the configuration of billing', () => {
  it('can be left out on a laptop', () => {
    expect(load({})).not.toThrow();
  });

  it('is complete in production', () => {
    const production = { NODE_ENV: 'production' };
    expect(load(production)).toThrow(/STRIPE_SECRET_KEY/);
    expect(load(production)).toThrow(/STRIPE_PRICE_ID/);
    expect(load(production)).toThrow(/STRIPE_WEBHOOK_SECRET/);
    const secrets = { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_PRICE_ID: 'price_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
    expect(load({ ...production, ...secrets })).not.toThrow();
  });

  it('takes several webhook secrets, with and without spaces', () => {
    const [, , webhook] = loadConfig(CLASSES, { STRIPE_WEBHOOK_SECRET: 'whsec_old, whsec_new' }) as WebhookConfig[];
    expect(webhook?.STRIPE_WEBHOOK_SECRET).toEqual(['whsec_old', 'whsec_new']);
  });

  it.each([
    ['STRIPE_WEBHOOK_SECRET', 'whsec_1,,whsec_2'],
    ['STRIPE_API_BASE_URL', 'http://127.0.0.1:9200/v1'],
    ['STRIPE_API_BASE_URL', '127.0.0.1:9200'],
    ['CHECKOUT_ALLOWED_ORIGINS', 'https://app.example.com/welcome'],
    ['CHECKOUT_ALLOWED_ORIGINS', '*'],
    ['CHECKOUT_SUCCESS_URL', '/welcome'],
  ])('refuses %s=%s', (name, value) => {
    expect(load({ [name]: value })).toThrow(new RegExp(name));
  });
});
