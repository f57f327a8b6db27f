import 'reflect-metadata';
import { loadConfig } from '@app/platform';
import { plansFile } from '../../../test/support/plans-file.js';
import { CheckoutConfig } from './checkout/checkout.config.js';
import { OfferConfig } from './checkout/offer.config.js';
import { StripeConfig } from './stripe/stripe.config.js';
import { WebhookConfig } from './webhook/webhook.config.js';

const CLASSES = [StripeConfig, CheckoutConfig, WebhookConfig, OfferConfig];
const load = (env: Record<string, string>) => () => loadConfig(CLASSES, env);

describe('the configuration of billing', () => {
  it('can be left out on a laptop', () => {
    expect(load({ NODE_ENV: 'development' })).not.toThrow();
    expect(load({})).toThrow(/STRIPE_SECRET_KEY/);
  });

  it('is complete in production', () => {
    const production = { NODE_ENV: 'production' };
    expect(load(production)).toThrow(/STRIPE_SECRET_KEY/);
    expect(load(production)).toThrow(/STRIPE_PRICE_ID/);
    expect(load(production)).toThrow(/STRIPE_WEBHOOK_SECRET/);
    const secrets = { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_PRICE_ID: 'price_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
    expect(load({ ...production, ...secrets })).not.toThrow();
    // A staging deployment runs on Stripe's test mode, but not on the sandbox.
    expect(load({ ...production, ...secrets, STRIPE_SECRET_KEY: 'sk_test_51H8q0KJ2' })).not.toThrow();
    expect(load({ ...production, ...secrets, STRIPE_SECRET_KEY: 'sk_test_sandbox' })).toThrow(/STRIPE_SECRET_KEY/);
    const standIn = { STRIPE_API_BASE_URL: 'http://127.0.0.1:9200' };
    expect(load({ ...production, ...secrets, ...standIn })).toThrow(/STRIPE_API_BASE_URL/);
    const rolled = { STRIPE_WEBHOOK_SECRET: 'whsec_1,whsec_sandbox' };
    expect(load({ ...production, ...secrets, ...rolled })).toThrow(/STRIPE_WEBHOOK_SECRET/);
  });

  it('needs no variable for the price where the file has one', () => {
    const secrets = { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
    const production = { NODE_ENV: 'production', ...secrets };
    const priced = plansFile(({ plans }) => {
      plans.pro.prices = { year: { id: 'price_year' } };
    });
    const unsold = plansFile(({ plans }) => {
      plans.pro.label = 'Not for sale';
    });
    expect(load({ ...production, PLANS_FILE: priced })).not.toThrow();
    expect(load({ ...production, PLANS_FILE: unsold })).toThrow(/STRIPE_PRICE_ID.*PLANS_FILE/);
    expect(load({ ...production, PLANS_FILE: '/nowhere.json' })).toThrow(/PLANS_FILE cannot be read/);
  });

  it('takes several webhook secrets, with and without spaces', () => {
    const [, , webhook] = loadConfig(CLASSES, {
      NODE_ENV: 'test',
      STRIPE_WEBHOOK_SECRET: 'whsec_old, whsec_new',
    }) as WebhookConfig[];
    expect(webhook?.STRIPE_WEBHOOK_SECRET).toEqual(['whsec_old', 'whsec_new']);
  });

  it('leads people back to the page on the port of the product on a laptop, and to what is usual there', () => {
    const [checkout] = loadConfig([CheckoutConfig], { NODE_ENV: 'development', PORT: '9000' });
    expect(checkout.CHECKOUT_SUCCESS_URL).toBe('http://localhost:9000/?checkout=success');
    expect(checkout.CHECKOUT_CANCEL_URL).toBe('http://localhost:9000/?checkout=cancelled');
    for (const port of [3000, 5173, 8081, 9000]) {
      expect(checkout.CHECKOUT_ALLOWED_ORIGINS).toContain(`http://localhost:${port}`);
      expect(checkout.CHECKOUT_ALLOWED_ORIGINS).toContain(`http://127.0.0.1:${port}`);
    }
    expect(loadConfig([CheckoutConfig], { PORT: '9000' })[0].CHECKOUT_ALLOWED_ORIGINS).toEqual([
      'http://localhost:8000',
    ]);
  });

  it('leads people back to a page that there is where the chat page is off', () => {
    const [checkout] = loadConfig([CheckoutConfig], { NODE_ENV: 'development', WEB_APP: 'off' });
    expect(checkout.CHECKOUT_SUCCESS_URL).toBe('http://localhost:8000/docs?checkout=success');
    expect(checkout.CHECKOUT_CANCEL_URL).toBe('http://localhost:8000/docs?checkout=cancelled');
  });

  it('writes the default port as origins do, without it', () => {
    const [checkout] = loadConfig([CheckoutConfig], { NODE_ENV: 'development', PORT: '80' });
    expect(checkout.CHECKOUT_SUCCESS_URL).toBe('http://localhost/?checkout=success');
    expect(checkout.CHECKOUT_ALLOWED_ORIGINS).toContain('http://localhost');
  });

  it.each([
    ['STRIPE_WEBHOOK_SECRET', 'whsec_1,,whsec_2'],
    ['STRIPE_API_BASE_URL', 'http://127.0.0.1:9200/v1'],
    ['STRIPE_API_BASE_URL', '127.0.0.1:9200'],
    ['CHECKOUT_ALLOWED_ORIGINS', 'https://app.example.com/welcome'],
    ['CHECKOUT_ALLOWED_ORIGINS', '*'],
    ['CHECKOUT_ALLOWED_ORIGINS', 'https://app.example.com:99999'],
    ['CHECKOUT_ALLOWED_ORIGINS', 'https://user@app.example.com'],
    ['CHECKOUT_ALLOWED_ORIGINS', 'https://app.example.com/'],
    ['CHECKOUT_SUCCESS_URL', '/welcome'],
    ['CHECKOUT_SUCCESS_URL', 'http:localhost:3000/welcome'],
    ['CHECKOUT_SUCCESS_URL', `https://app.example.com/${'x'.repeat(2_000)}`],
    ['CHECKOUT_CANCEL_URL', 'blob:https://app.example.com/x'],
  ])('refuses %s=%s', (name, value) => {
    expect(load({ NODE_ENV: 'test', [name]: value })).toThrow(new RegExp(name));
  });
});
