import { readdirSync, readFileSync } from 'node:fs';
import type Stripe from 'stripe';
import { Page } from '../../../test/support/http/page.js';
import { StripeSandboxServer } from '../../../test/support/stripe-sandbox.js';
import { type StripeKind, StripeShape } from './support/stripe-shape.js';

const shape = new StripeShape();
let sandbox: StripeSandboxServer;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await StripeSandboxServer.start();
  stripe = sandbox.sdk();
});
afterAll(() => sandbox?.stop());

/** What is on the wire, before the SDK turns decimals into objects. */
const raw = async (path: string): Promise<Record<string, unknown>> => {
  const response = await fetch(`${sandbox.url}${path}`, { headers: { authorization: 'Bearer sk_test_shape' } });
  return (await response.json()) as Record<string, unknown>;
};

const kinds: Record<string, StripeKind> = {
  charge: 'charge',
  'checkout.session': 'checkoutSession',
  customer: 'customer',
  invoice: 'invoice',
  invoice_payment: 'invoicePayment',
  payment_intent: 'paymentIntent',
  payment_method: 'paymentMethod',
  subscription: 'subscription',
};

/** Goes through all states of a subscription: trial, renewal, failure, retry, pause; its customer is deleted later. */
const passAllStates = async (): Promise<{ customer: string; subscription: string; session: string }> => {
  const { id: customer } = await stripe.customers.create({ email: 'ada@example.com', metadata: { userId: '7' } });
  const { id: session } = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer,
    line_items: [{ price: 'price_pro', quantity: 2 }],
    success_url: 'http://localhost:3000/done',
    subscription_data: { metadata: { userId: '7' }, trial_period_days: 3 },
    allow_promotion_codes: true,
    automatic_tax: { enabled: true },
    customer_update: { address: 'auto' },
  });
  const { subscription } = await sandbox.pay(session);
  await sandbox.advance({ days: 4 });
  await sandbox.control('POST', '/prices', { id: 'price_year', interval: 'year' });
  await sandbox.control('PATCH', `/subscriptions/${subscription}`, { price: 'price_year' });
  await sandbox.control('PATCH', `/subscriptions/${subscription}`, { price: 'price_pro' });
  await sandbox.control('PATCH', `/subscriptions/${subscription}`, { status: 'trialing' });
  await sandbox.advance({ days: 32 });
  await sandbox.control('PUT', `/customers/${customer}/card`, { outcome: 'declines' });
  await sandbox.advance({ days: 32 });
  await stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
  await stripe.subscriptions.update(subscription, { cancel_at_period_end: false });
  await sandbox.control('PATCH', `/subscriptions/${subscription}`, { status: 'paused' });
  return { customer, subscription, session };
};

describe('objects of the sandbox', () => {
  it('have the form that the installed SDK declares, in every event and every state', async () => {
    const { customer, session, subscription } = await passAllStates();
    const paused = await raw(`/v1/subscriptions/${subscription}`);
    expect(shape.problems('subscription', paused)).toEqual([]);
    await stripe.customers.del(customer);
    const { id: other } = await stripe.customers.create({});
    const portal = await raw(`/v1/customers/${other}`);
    expect(shape.problems('customer', portal)).toEqual([]);
    expect(shape.problems('deletedCustomer', await raw(`/v1/customers/${customer}`))).toEqual([]);
    expect(shape.problems('checkoutSession', await raw(`/v1/checkout/sessions/${session}`))).toEqual([]);

    const { data, has_more } = await raw('/v1/events?limit=100');
    expect(has_more).toBe(false);
    const events = data as Stripe.Event[];
    for (const event of events) {
      const { object, previous_attributes, ...rest } = event.data as Stripe.Event.Data;
      expect(rest).toEqual({});
      const kind = kinds[(object as { object: string }).object];
      expect({ type: event.type, problems: kind && shape.problems(kind, object) }).toEqual({
        type: event.type,
        problems: [],
      });
      expect(shape.problems('event', { ...event, data: { object: {} } })).toEqual([]);
      expect(previous_attributes === undefined).toBe(!event.type.endsWith('.updated'));
    }
    expect([...new Set(events.map(({ type }) => type))]).toEqual(
      expect.arrayContaining([
        'customer.subscription.trial_will_end',
        'customer.subscription.paused',
        'customer.subscription.deleted',
        'invoice.payment_failed',
        'customer.deleted',
      ]),
    );
  });

  it('have it with a discount, too', async () => {
    const { id: customer } = await stripe.customers.create({});
    const { id, url } = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer,
      line_items: [{ price: 'price_pro', quantity: 1 }],
      success_url: 'http://localhost:3000/done',
      allow_promotion_codes: true,
    });
    await (await Page.open(String(url))).press('apply-code', { code: 'HALF' });
    await sandbox.pay(id);
    const session = await raw(`/v1/checkout/sessions/${id}`);
    expect(session['discounts']).toHaveLength(1);
    expect(shape.problems('checkoutSession', session)).toEqual([]);
    expect(shape.problems('invoice', await raw(`/v1/invoices/${String(session['invoice'])}`))).toEqual([]);
  });

  it('have it in the portal, too', async () => {
    const { id: customer } = await stripe.customers.create({});
    const session = await stripe.billingPortal.sessions.create({ customer });
    expect(shape.problems('portalSession', JSON.parse(JSON.stringify(session)))).toEqual([]);
  });

  it('would be found out if they lacked, added or confused something', async () => {
    const { id } = await stripe.customers.create({});
    const customer = await raw(`/v1/customers/${id}`);
    const lacking = structuredClone(customer) as { invoice_settings: { footer?: null } };
    delete lacking.invoice_settings.footer;
    expect(shape.problems('customer', lacking)).toEqual(['customer.invoice_settings.footer: missing']);
    expect(shape.problems('customer', { ...customer, colour: 'red' })).toEqual(['customer.colour: not declared']);
    expect(shape.problems('customer', { ...customer, balance: '0' })).toEqual(['customer.balance: "0" is no number']);
    expect(shape.problems('customer', { ...customer, metadata: { a: 1 } })).toEqual([
      'customer.metadata.a: 1 is no string',
    ]);
  });
});

describe('the events kept for tests', () => {
  const folder = new URL('../../../test/e2e/fixtures/stripe/', import.meta.url);
  const files = (style: string) => readdirSync(new URL(style, folder));
  const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Stripe.Event;

  it.each(files('snapshot'))('snapshot/%s has the documented form', (file) => {
    const event = read(`snapshot/${file}`);
    const object = event.data.object as { object: string };
    const problems = shape.problems(kinds[object.object] as StripeKind, object);
    expect(problems).toEqual(event.type === 'invoice.upcoming' ? ['invoice.id: missing'] : []);
    expect(shape.problems('event', { ...event, data: { object: {} } })).toEqual([]);
    expect(event.api_version).toBe('2026-10-28.endive');
  });

  it.each(files('thin'))('thin/%s has the documented form', (file) => {
    const event = read(`thin/${file}`);
    expect(shape.problems('thinEvent', event)).toEqual([]);
  });
});
