import 'reflect-metadata';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metrics } from '@app/platform';
import type Stripe from 'stripe';
import { StripeSandboxServer } from '../../../../test/support/stripe-sandbox.js';
import {
  IdempotencyKeySpentError,
  PaymentProviderUnavailableError,
  RequestRefusedError,
  UnknownCustomerError,
} from './payment-gateway.errors.js';
import type { CheckoutOrder, ListedPaymentEvent } from './payment-gateway.port.js';
import { StripePaymentGateway } from './stripe.payment-gateway.js';

let sandbox: StripeSandboxServer;
let stripe: Stripe;
let gateway: StripePaymentGateway;
let keys = 0;

beforeAll(async () => {
  sandbox = await StripeSandboxServer.start();
  stripe = sandbox.sdk();
  gateway = new StripePaymentGateway(
    { STRIPE_SECRET_KEY: 'sk_test_sandbox', STRIPE_API_BASE_URL: sandbox.url },
    new Metrics(),
  );
});
afterAll(() => sandbox?.stop());
afterEach(() => sandbox.control('DELETE', '/faults'));

const aKey = (): string => `key-${++keys}`;
const order = (customerId: string, changes: Partial<CheckoutOrder> = {}): CheckoutOrder => ({
  key: aKey(),
  userId: 'user-1',
  customerId,
  priceId: 'price_pro',
  trialDays: 0,
  promotionCodes: false,
  automaticTax: false,
  successUrl: 'http://localhost:3000/welcome',
  cancelUrl: 'http://localhost:3000/pricing',
  ...changes,
});

/** A customer with a running subscription. */
async function payer(): Promise<{ customerId: string; subscriptionId: string }> {
  const customerId = await gateway.createCustomer('user-1', aKey());
  const { id } = await gateway.createCheckout(order(customerId));
  return { customerId, subscriptionId: (await sandbox.pay(id)).subscription };
}

describe('the gateway to Stripe', () => {
  it('speaks the pinned version of the API', async () => {
    const versions: unknown[] = [];
    const server = createServer((request, response) => {
      versions.push(request.headers['stripe-version']);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"cus_1"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const watched = new StripePaymentGateway({ STRIPE_SECRET_KEY: 'sk', STRIPE_API_BASE_URL: url }, new Metrics());
    expect(await watched.createCustomer('user-1', aKey())).toBe('cus_1');
    server.close();
    server.closeAllConnections();
    expect(versions).toEqual(['2026-10-28.endive']);
  });

  it('gives the same customer and the same session for the same key', async () => {
    const key = aKey();
    const customerId = await gateway.createCustomer('user-1', key);
    expect(await gateway.createCustomer('user-1', key)).toBe(customerId);
    const asked = order(customerId);
    const session = await gateway.createCheckout(asked);
    expect(await gateway.createCheckout(asked)).toEqual(session);
    expect(await gateway.openCheckouts(customerId)).toEqual([{ ...session, key: asked.key }]);
  });

  it('reads a session’s life', async () => {
    const customerId = await gateway.createCustomer('user-1', aKey());
    const { id } = await gateway.createCheckout(order(customerId));
    expect(await gateway.checkout(id)).toMatchObject({ status: 'open', subscriptionId: null });
    const { subscription } = await sandbox.pay(id);
    expect(await gateway.checkout(id)).toMatchObject({ status: 'complete', subscriptionId: subscription });
    expect(await gateway.expireCheckout(id)).toMatchObject({ status: 'complete' });
    const other = await gateway.createCheckout(order(customerId));
    expect(await gateway.expireCheckout(other.id)).toMatchObject({ status: 'expired' });
    expect(await gateway.checkout('cs_test_never')).toBeNull();
  });

  it('reads the end of the period from the items', async () => {
    const { customerId, subscriptionId } = await payer();
    const { items } = await stripe.subscriptions.retrieve(subscriptionId);
    const [subscription] = await gateway.subscriptionsOf(customerId);
    expect(subscription).toEqual({
      id: subscriptionId,
      status: 'active',
      currentPeriodEnd: new Date((items.data[0]?.current_period_end ?? 0) * 1_000),
      cancelsAtPeriodEnd: false,
      priceIds: ['price_pro'],
    });
  });

  it('orders as the catalogue sells: with a trial, promotion codes and the tax worked out', async () => {
    const customerId = await gateway.createCustomer('user-1', aKey());
    const terms = { trialDays: 14, promotionCodes: true, automaticTax: true };
    const { id } = await gateway.createCheckout(order(customerId, terms));
    await expect(stripe.checkout.sessions.retrieve(id)).resolves.toMatchObject({
      allow_promotion_codes: true,
      automatic_tax: { enabled: true },
    });
    await sandbox.pay(id);
    expect(await gateway.subscriptionsOf(customerId)).toMatchObject([{ status: 'trialing' }]);
  });

  it('sees a cancellation of either kind: by the flag, and by the date that the portal sets', async () => {
    const { customerId, subscriptionId } = await payer();
    const { items } = await stripe.subscriptions.retrieve(subscriptionId);
    await stripe.subscriptions.update(subscriptionId, { cancel_at: items.data[0]?.current_period_end ?? 0 });
    expect(await gateway.subscriptionsOf(customerId)).toMatchObject([{ cancelsAtPeriodEnd: true }]);
    await stripe.subscriptions.update(subscriptionId, { cancel_at: '' });
    expect(await gateway.subscriptionsOf(customerId)).toMatchObject([{ cancelsAtPeriodEnd: false }]);
    await stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: true });
    expect(await gateway.subscriptionsOf(customerId)).toMatchObject([{ cancelsAtPeriodEnd: true }]);
  });

  it('finds the customer behind an object', async () => {
    const { customerId, subscriptionId } = await payer();
    expect(await gateway.customerOf('subscription', subscriptionId)).toBe(customerId);
    expect(await gateway.customerOf('subscription', 'sub_never')).toBeNull();
    expect(await gateway.customerOf('teapot', 'tea_1')).toBeNull();
  });

  it('lists events by pages, from a moment on', async () => {
    const before = (await sandbox.advance({ seconds: 60 })).now;
    const { customerId } = await payer();
    const read = async (from: number, until: number | null): Promise<ListedPaymentEvent[]> => {
      const events: ListedPaymentEvent[] = [];
      const end = until === null ? null : new Date(until * 1_000);
      for await (const event of gateway.events(new Date(from * 1_000), end)) events.push(event);
      return events;
    };
    const since = await read(before, null);
    expect(since.map(({ type }) => type)).toContain('customer.subscription.created');
    expect(new Set(since.map((event) => event.customerId))).toEqual(new Set([customerId]));
    expect(await read(before, before)).toEqual([]);
  });

  it('ends subscriptions and customers, and minds no repetition', async () => {
    const { customerId, subscriptionId } = await payer();
    for (let repetition = 0; repetition < 2; repetition++) await gateway.cancelSubscription(subscriptionId);
    expect(await gateway.subscriptionsOf(customerId)).toMatchObject([{ status: 'canceled' }]);
    for (let repetition = 0; repetition < 2; repetition++) await gateway.deleteCustomer(customerId);
  });

  it('tells a customer who was deleted from one who never was', async () => {
    const customerId = await gateway.createCustomer('user-1', aKey());
    await gateway.deleteCustomer(customerId);
    const portal = (id: string) => gateway.createPortal(id, 'http://localhost:3000/');
    await expect(portal(customerId)).rejects.toEqual(new UnknownCustomerError(true));
    await expect(portal('cus_never')).rejects.toEqual(new UnknownCustomerError(false));
    await expect(gateway.createCheckout(order('cus_never'))).rejects.toEqual(new UnknownCustomerError(false));
  });

  it.each([
    ['a fault that Stripe will repeat', { kind: 'status', status: 500, saved: true }, IdempotencyKeySpentError],
    ['a rate limit', { kind: 'status', status: 429, times: 3 }, PaymentProviderUnavailableError],
    ['a lost connection', { kind: 'reset', times: 3 }, PaymentProviderUnavailableError],
  ])('tells the kind of failure: %s', async (_case, fault, expected) => {
    await sandbox.control('POST', '/faults', fault);
    const error: unknown = await gateway.createCustomer('user-1', aKey()).catch((thrown: unknown) => thrown);
    expect((error as Error).constructor).toBe(expected);
  });

  it('tells a request that Stripe takes for wrong', async () => {
    const customerId = await gateway.createCustomer('user-1', aKey());
    const wrong = gateway.createCheckout(order(customerId, { priceId: 'price_never' }));
    await expect(wrong).rejects.toBeInstanceOf(RequestRefusedError);
  });

  it('outlasts one failure by itself, under the same key', async () => {
    await sandbox.control('POST', '/faults', { kind: 'lost-response', method: 'POST', path: '/v1/customers' });
    const key = aKey();
    const customerId = await gateway.createCustomer('user-9', key);
    const calls = await sandbox.requests('?method=POST&path=/v1/customers');
    expect(calls.filter(({ idempotencyKey }) => idempotencyKey === `customer-${key}`)).toHaveLength(2);
    expect(await gateway.createCustomer('user-9', key)).toBe(customerId);
  });

  it('sells nothing without a key', async () => {
    const closed = new StripePaymentGateway({}, new Metrics());
    expect(closed.isConfigured).toBe(false);
    await expect(closed.createCustomer('user-1', aKey())).rejects.toThrow(PaymentProviderUnavailableError);
  });
});
