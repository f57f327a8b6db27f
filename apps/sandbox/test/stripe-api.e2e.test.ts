import Stripe from 'stripe';
import { API_VERSION } from '../src/stripe/api-version.js';
import { eventually } from '../../../test/support/eventually.js';
import { StripeSandboxServer } from '../../../test/support/stripe-sandbox.js';

let sandbox: StripeSandboxServer;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await StripeSandboxServer.start();
  stripe = sandbox.sdk();
});
afterAll(() => sandbox?.stop());
beforeEach(() => sandbox.control('POST', '/reset'));

const checkout = (customer: string, more: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    customer,
    line_items: [{ price: 'price_pro', quantity: 1 }],
    success_url: 'http://localhost:3000/done?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'http://localhost:3000/plans',
    ...more,
  });

const subscriber = async (): Promise<{ customer: string; subscription: string }> => {
  const { id: customer } = await stripe.customers.create({});
  const { id } = await checkout(customer);
  const { subscription } = await sandbox.pay(id);
  return { customer, subscription };
};

/** What the SDK throws. */
const failure = async (promise: Promise<unknown>): Promise<Stripe.errors.StripeError> =>
  promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (error: unknown) => error as Stripe.errors.StripeError,
  );

describe('the sandbox under the real SDK', () => {
  it('speaks the version that the installed SDK pins', () => {
    expect(API_VERSION).toBe(Stripe.API_VERSION);
  });

  it('echoes version, request id and idempotency key', async () => {
    const { lastResponse } = await stripe.customers.create({}, { idempotencyKey: 'echo' });
    expect(lastResponse).toMatchObject({ apiVersion: API_VERSION, idempotencyKey: 'echo', statusCode: 200 });
    expect(lastResponse.requestId).toMatch(/^req_\w{14}$/);
  });

  describe('customers', () => {
    it('are created, retrieved and deleted', async () => {
      const { id } = await stripe.customers.create({ email: 'ada@example.com', metadata: { userId: '7' } });
      const found = await stripe.customers.retrieve(id);
      expect(found).toMatchObject({ email: 'ada@example.com', metadata: { userId: '7' } });
      await expect(stripe.customers.del(id)).resolves.toMatchObject({ id, deleted: true });
      await expect(stripe.customers.retrieve(id)).resolves.toEqual({ id, object: 'customer', deleted: true });
      await expect(failure(stripe.customers.del(id))).resolves.toMatchObject({ statusCode: 404 });
    });

    it('take their subscriptions with them', async () => {
      const { customer, subscription } = await subscriber();
      await stripe.customers.del(customer);
      await expect(stripe.subscriptions.retrieve(subscription)).resolves.toMatchObject({ status: 'canceled' });
    });
  });

  describe('checkout', () => {
    it('leads from an open session over payment to an active subscription', async () => {
      const { id: customer } = await stripe.customers.create({});
      const session = await checkout(customer, {
        client_reference_id: 'user-7',
        metadata: { userId: '7' },
        subscription_data: { metadata: { userId: '7' } },
      });
      expect(session).toMatchObject({ status: 'open', payment_status: 'unpaid', client_reference_id: 'user-7' });
      const paid = await sandbox.pay(session.id);
      expect(paid.url).toBe(`http://localhost:3000/done?session=${session.id}`);
      const after = await stripe.checkout.sessions.retrieve(session.id);
      expect(after).toMatchObject({
        status: 'complete',
        payment_status: 'paid',
        amount_total: 2000,
        url: null,
        metadata: { userId: '7' },
      });
      await expect(stripe.subscriptions.retrieve(after.subscription as string)).resolves.toMatchObject({
        status: 'active',
        metadata: { userId: '7' },
        customer,
        items: { data: [{ quantity: 1 }] },
      });
      await expect(stripe.invoices.retrieve(after.invoice as string)).resolves.toMatchObject({
        status: 'paid',
        amount_paid: 2000,
        billing_reason: 'subscription_create',
      });
    });

    it('finds a customer’s open sessions, and expires them', async () => {
      const { id: customer } = await stripe.customers.create({});
      const [first, second] = [await checkout(customer), await checkout(customer)];
      await stripe.checkout.sessions.expire(first.id);
      const open = await stripe.checkout.sessions.list({ customer, status: 'open' });
      expect(open.data.map(({ id }) => id)).toEqual([second.id]);
      await expect(stripe.checkout.sessions.retrieve(first.id)).resolves.toMatchObject({
        status: 'expired',
        url: null,
      });
      await expect(failure(stripe.checkout.sessions.expire(first.id))).resolves.toMatchObject({ statusCode: 400 });
    });

    it('lets a session expire when its time has come', async () => {
      const { id: customer } = await stripe.customers.create({});
      const { id, expires_at } = await checkout(customer);
      await sandbox.advance({ to: expires_at });
      await expect(stripe.checkout.sessions.retrieve(id)).resolves.toMatchObject({ status: 'expired' });
    });

    it('works out the tax when the page may store the address', async () => {
      const { id: customer } = await stripe.customers.create({});
      const tax = { automatic_tax: { enabled: true }, customer_update: { address: 'auto' } } as const;
      const session = await checkout(customer, tax);
      expect(session.automatic_tax).toMatchObject({ enabled: true, status: 'requires_location_inputs' });
      const { subscription } = await sandbox.pay(session.id);
      await expect(stripe.subscriptions.retrieve(subscription)).resolves.toMatchObject({
        automatic_tax: { enabled: true },
      });
    });

    it.each([
      ['a customer that is unknown', { customer: 'cus_unknown' }, 'resource_missing', 'customer'],
      [
        'a price that is unknown',
        { line_items: [{ price: 'price_no', quantity: 1 }] },
        'resource_missing',
        'line_items[0][price]',
      ],
      ['no way back', { success_url: undefined }, 'parameter_missing', 'success_url'],
      ['a way back that is no URL', { success_url: 'nowhere' }, 'url_invalid', 'success_url'],
      ['nothing to buy', { line_items: undefined }, 'parameter_missing', 'line_items'],
      [
        'a trial of no days',
        { subscription_data: { trial_period_days: 0 } },
        undefined,
        'subscription_data[trial_period_days]',
      ],
      [
        'to work out the tax of a customer without an address',
        { automatic_tax: { enabled: true } },
        'customer_tax_location_invalid',
        'automatic_tax',
      ],
      ['something the sandbox does not model', { currency: 'eur' }, 'parameter_unknown', 'currency'],
    ])('refuses %s', async (_, change, code, param) => {
      const { id: customer } = await stripe.customers.create({});
      const error = await failure(checkout(customer, change));
      expect(error).toMatchObject({ type: 'StripeInvalidRequestError', statusCode: 400, code, param });
    });
  });

  describe('subscriptions', () => {
    it('are listed without the canceled ones, unless all are asked for', async () => {
      const { customer, subscription } = await subscriber();
      await stripe.subscriptions.cancel(subscription);
      await expect(stripe.subscriptions.list({ customer })).resolves.toMatchObject({ data: [] });
      const all = await stripe.subscriptions.list({ customer, status: 'all' });
      expect(all.data).toMatchObject([{ id: subscription, status: 'canceled' }]);
      await expect(failure(stripe.subscriptions.list({ customer: 'cus_unknown' }))).resolves.toMatchObject({
        statusCode: 400,
        code: 'resource_missing',
      });
    });

    it('carry their period on the item, and end with it when that is scheduled', async () => {
      const { subscription } = await subscriber();
      const scheduled = await stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
      const periodEnd = scheduled.items.data[0]?.current_period_end;
      expect(scheduled).toMatchObject({ status: 'active', cancel_at_period_end: true, cancel_at: periodEnd });
      await sandbox.advance({ to: periodEnd });
      await expect(stripe.subscriptions.retrieve(subscription)).resolves.toMatchObject({
        status: 'canceled',
        ended_at: periodEnd,
      });
    });

    it('continue when the cancellation is removed', async () => {
      const { subscription } = await subscriber();
      await stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
      const kept = await stripe.subscriptions.update(subscription, { cancel_at_period_end: false });
      expect(kept).toMatchObject({ cancel_at: null, cancel_at_period_end: false, canceled_at: null });
      await sandbox.advance({ days: 32 });
      await expect(stripe.subscriptions.retrieve(subscription)).resolves.toMatchObject({ status: 'active' });
    });

    it('are canceled once', async () => {
      const { subscription } = await subscriber();
      const canceled = await stripe.subscriptions.cancel(subscription);
      expect(canceled).toMatchObject({
        status: 'canceled',
        cancellation_details: { reason: 'cancellation_requested' },
      });
      await expect(failure(stripe.subscriptions.cancel(subscription))).resolves.toMatchObject({ statusCode: 404 });
      const change = stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
      await expect(failure(change)).resolves.toMatchObject({ code: 'invalid_canceled_subscription_fields' });
    });

    it('stay incomplete when the first charge fails, and expire after 23 hours', async () => {
      const { customer } = await subscriber();
      await sandbox.control('PUT', `/customers/${customer}/card`, { outcome: 'declines' });
      const { id } = await sandbox.control<{ id: string }>('POST', '/subscriptions', { customer });
      await expect(stripe.subscriptions.retrieve(id)).resolves.toMatchObject({ status: 'incomplete' });
      await sandbox.advance({ seconds: 23 * 3600 });
      await expect(stripe.subscriptions.retrieve(id)).resolves.toMatchObject({ status: 'incomplete_expired' });
    });
  });

  describe('events', () => {
    it('page through all of them once, newest first', async () => {
      await subscriber();
      await subscriber();
      const whole = await stripe.events.list({ limit: 100 });
      const paged: string[] = [];
      for await (const { id } of stripe.events.list({ limit: 3 })) paged.push(id);
      expect(paged).toEqual(whole.data.map(({ id }) => id));
      expect(whole.has_more).toBe(false);
    });

    it('are filtered by type and time', async () => {
      await subscriber();
      const types = ['customer.subscription.created', 'checkout.session.completed'];
      const some = await stripe.events.list({ types });
      expect(some.data.map(({ type }) => type).sort()).toEqual([...types].sort());
      await sandbox.advance({ days: 1 });
      const { now } = await sandbox.control<{ now: number }>('GET', '/clock');
      await stripe.customers.create({});
      const { data } = await stripe.events.list({ created: { gte: now } });
      expect(data.map(({ type }) => type)).toEqual(['customer.created']);
    });

    it('keep the object as it was then, with what changed', async () => {
      const { subscription } = await subscriber();
      await stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
      await stripe.subscriptions.cancel(subscription);
      const { data } = await stripe.events.list({ types: ['customer.subscription.updated'] });
      expect(data[0]).toMatchObject({
        api_version: API_VERSION,
        request: { id: expect.stringMatching(/^req_/), idempotency_key: expect.any(String) },
        data: {
          object: { id: subscription, status: 'active', cancel_at_period_end: true },
          previous_attributes: { cancel_at_period_end: false, cancel_at: null },
        },
      });
      expect(data[1]).toMatchObject({ data: { previous_attributes: { status: 'incomplete' } }, request: { id: null } });
    });
  });

  describe('errors', () => {
    it('are Stripe’s own', async () => {
      const unknown = await failure(stripe.subscriptions.retrieve('sub_no'));
      expect(unknown).toMatchObject({
        type: 'StripeInvalidRequestError',
        statusCode: 404,
        code: 'resource_missing',
        param: 'id',
        requestId: expect.stringMatching(/^req_/),
      });
      await expect(failure(stripe.coupons.list())).resolves.toMatchObject({ statusCode: 404 });
      const missing = await fetch(`${sandbox.url}/v1/customers`);
      expect(missing.status).toBe(401);
      await expect(missing.json()).resolves.toMatchObject({ error: { type: 'invalid_request_error' } });
    });

    it.each(['sk_live_abc', 'pk_test_abc', 'whatever'])('keep the key %s out', async (key) => {
      const refused = sandbox.sdk({}, key).events.list();
      await expect(failure(refused)).resolves.toMatchObject({ type: 'StripeAuthenticationError' });
    });

    it('refuse an expansion, which the sandbox does not model', async () => {
      const { id } = await stripe.customers.create({});
      const expanded = stripe.customers.retrieve(id, { expand: ['subscriptions'] });
      await expect(failure(expanded)).resolves.toMatchObject({ statusCode: 400, param: 'expand' });
    });

    it('refuse a version whose shapes are others', async () => {
      const old = sandbox.sdk().events.list({}, { apiVersion: '2020-08-27' });
      await expect(failure(old)).resolves.toMatchObject({ statusCode: 400 });
    });
  });

  describe('idempotency keys', () => {
    it('give the same answer for the same request, and do it once', async () => {
      const first = await stripe.customers.create({ metadata: { a: '1' } }, { idempotencyKey: 'key' });
      const second = await stripe.customers.create({ metadata: { a: '1' } }, { idempotencyKey: 'key' });
      expect(second.id).toBe(first.id);
      expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
      expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
      await expect(sandbox.control('GET', '/customers')).resolves.toMatchObject({ customers: [{ id: first.id }] });
    });

    it('refuse another request', async () => {
      await stripe.customers.create({ name: 'A' }, { idempotencyKey: 'key' });
      const other = await failure(stripe.customers.create({ name: 'B' }, { idempotencyKey: 'key' }));
      expect(other).toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400 });
      const elsewhere = stripe.billingPortal.sessions.create({ customer: 'cus_1' }, { idempotencyKey: 'key' });
      await expect(failure(elsewhere)).resolves.toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400 });
    });

    it('conflict while the first request is under way', async () => {
      await sandbox.control('POST', '/faults', { kind: 'latency', delayMs: 5_000, method: 'POST' });
      const slow = stripe.customers.create({}, { idempotencyKey: 'key' });
      await eventually(async () => (await sandbox.requests('?path=/v1/')).length === 1);
      const second = await failure(stripe.customers.create({}, { idempotencyKey: 'key' }));
      expect(second).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
      await expect(slow).resolves.toMatchObject({ object: 'customer' });
    });

    it('do not remember a request that was refused', async () => {
      await failure(checkout('cus_unknown', {}));
      const wrong = { mode: 'subscription', customer: 'cus_unknown' } as const;
      await failure(stripe.checkout.sessions.create(wrong, { idempotencyKey: 'key' }));
      await expect(stripe.customers.create({}, { idempotencyKey: 'key' })).resolves.toBeDefined();
    });

    it('are forgotten after a day', async () => {
      const first = await stripe.customers.create({}, { idempotencyKey: 'key' });
      await sandbox.advance({ days: 1 });
      const second = await stripe.customers.create({}, { idempotencyKey: 'key' });
      expect(second.id).not.toBe(first.id);
    });
  });
});
