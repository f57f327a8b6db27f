import 'reflect-metadata';
import { ConfigError, loadConfig, Metrics } from '@app/platform';
import { planCatalogue } from '../../../test/support/plan-catalogue.js';
import { CatalogueConfig } from './catalogue/catalogue.config.js';
import { loadPlanCatalogue } from './catalogue/load-plan-catalogue.js';
import type { PlanCatalogue } from './catalogue/plan-catalogue.js';
import { CheckoutConfig } from './checkout/checkout.config.js';
import { PlanOfferService } from './checkout/plan-offer.service.js';
import { StripePaymentGateway } from './stripe/stripe.payment-gateway.js';
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
    expect(load(production)).toThrow(/STRIPE_WEBHOOK_SECRET/);
    const secrets = { STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
    expect(load({ ...production, ...secrets })).not.toThrow();
  });

  describe('in production', () => {
    const start = (catalogue: PlanCatalogue, env = 'production') => {
      const gateway = new StripePaymentGateway({}, new Metrics());
      return () => new PlanOfferService(catalogue, gateway, Object.assign(new CheckoutConfig(), { NODE_ENV: env }));
    };

    it('has something to sell, or says which variable is missing', () => {
      expect(start(loadPlanCatalogue(new CatalogueConfig()))).toThrow(ConfigError);
      expect(start(loadPlanCatalogue(new CatalogueConfig()))).toThrow(/STRIPE_PRICE_ID.*PLANS_FILE/);
      expect(start(planCatalogue({}))).toThrow(ConfigError);
    });

    it('sells by the variable, or by the prices of the file', () => {
      const config = Object.assign(new CatalogueConfig(), { STRIPE_PRICE_ID: 'price_1' });
      expect(start(loadPlanCatalogue(config))).not.toThrow();
      expect(start(planCatalogue({ pro: { year: 'price_1' } }))).not.toThrow();
    });

    it('is the only place where it must', () => {
      expect(start(planCatalogue({}), 'development')).not.toThrow();
    });
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
