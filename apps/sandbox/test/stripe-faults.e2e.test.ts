import type Stripe from 'stripe';
import { StripeSandboxServer } from '../../../test/support/stripe-sandbox.js';

let sandbox: StripeSandboxServer;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await StripeSandboxServer.start();
  stripe = sandbox.sdk();
});
afterAll(() => sandbox?.stop());
beforeEach(() => sandbox.control('POST', '/reset'));

const fault = (body: object) => sandbox.control('POST', '/faults', body);
const available = (mode: string) => sandbox.control('PUT', '/availability', { mode });
const customers = async () => (await sandbox.control<{ customers: object[] }>('GET', '/customers')).customers;

describe('faults of the sandbox’s API', () => {
  it.each([
    [500, 'StripeAPIError'],
    [429, 'StripeRateLimitError'],
    [409, 'StripeAPIError'],
    [503, 'StripeAPIError'],
  ])('answer %i so often, and do nothing', async (status, type) => {
    await fault({ kind: 'status', status, times: 2, method: 'POST', path: '/v1/customers' });
    await expect(stripe.customers.create({})).rejects.toMatchObject({ type, statusCode: status });
    await expect(stripe.customers.retrieve('cus_1')).rejects.toMatchObject({ statusCode: 404 });
    await expect(customers()).resolves.toEqual([]);
    await expect(stripe.customers.create({})).rejects.toMatchObject({ type });
    await expect(stripe.customers.create({})).resolves.toBeDefined();
    await expect(customers()).resolves.toHaveLength(1);
  });

  it('let the SDK’s own retry succeed', async () => {
    await fault({ kind: 'status', status: 500 });
    await expect(sandbox.sdk({ maxNetworkRetries: 1 }).customers.create({})).resolves.toBeDefined();
    const [first, second] = await sandbox.requests('?method=POST');
    expect(second?.idempotencyKey).toBe(first?.idempotencyKey);
    expect([first?.status, second?.status]).toEqual([500, 200]);
  });

  it('stick to the idempotency key when Stripe has saved its failure', async () => {
    await fault({ kind: 'status', status: 500, saved: true });
    const create = () => stripe.customers.create({}, { idempotencyKey: 'key' });
    await expect(create()).rejects.toMatchObject({ statusCode: 500, headers: { 'stripe-should-retry': 'false' } });
    await expect(create()).rejects.toMatchObject({ statusCode: 500, headers: { 'idempotent-replayed': 'true' } });
    await expect(stripe.customers.create({}, { idempotencyKey: 'other' })).resolves.toBeDefined();
  });

  it('carry the operation out and lose the answer; its repetition gets it', async () => {
    // The SDK itself repeats a call once after a closed connection, so two losses reach the caller.
    await fault({ kind: 'lost-response', times: 2, method: 'POST' });
    const create = () => stripe.customers.create({}, { idempotencyKey: 'key' });
    await expect(create()).rejects.toMatchObject({ type: 'StripeConnectionError' });
    const [{ id }] = (await customers()) as [{ id: string }];
    await expect(create()).resolves.toMatchObject({ id });
    await expect(customers()).resolves.toHaveLength(1);
    const seen = await sandbox.requests('?method=POST');
    expect(seen.map(({ fault: what, status, replayed }) => ({ what, status, replayed }))).toEqual([
      { what: 'lost-response', status: null, replayed: false },
      { what: 'lost-response', status: null, replayed: true },
      { what: null, status: 200, replayed: true },
    ]);
  });

  it('cut the connection before anything is done', async () => {
    await fault({ kind: 'reset', times: null });
    await expect(stripe.customers.create({})).rejects.toMatchObject({ type: 'StripeConnectionError' });
    await sandbox.control('DELETE', '/faults');
    await expect(customers()).resolves.toEqual([]);
    await expect(stripe.customers.create({})).resolves.toBeDefined();
  });

  it('hang until the caller gives up', async () => {
    await fault({ kind: 'hang' });
    await expect(stripe.customers.create({}, { timeout: 100 })).rejects.toThrow(/timeout/);
    await expect(customers()).resolves.toEqual([]);
  });

  it('make a call slow', async () => {
    await fault({ kind: 'latency', delayMs: 120 });
    const started = performance.now();
    await stripe.customers.create({});
    expect(performance.now() - started).toBeGreaterThanOrEqual(119);
  });

  it('take the whole service down and up again, pages too', async () => {
    const { id: customer } = await stripe.customers.create({});
    const { url } = await stripe.billingPortal.sessions.create({ customer });
    await available('unavailable');
    await expect(stripe.customers.retrieve(customer)).rejects.toMatchObject({ statusCode: 503 });
    await expect(fetch(url)).resolves.toMatchObject({ status: 503 });
    await available('reset');
    await expect(stripe.customers.retrieve(customer)).rejects.toMatchObject({ type: 'StripeConnectionError' });
    await available('hang');
    await expect(stripe.customers.retrieve(customer, {}, { timeout: 50 })).rejects.toThrow(/timeout/);
    await available('up');
    await expect(stripe.customers.retrieve(customer)).resolves.toMatchObject({ id: customer });
  });

  it('are written down in the journal, without the account’s key', async () => {
    await stripe.customers.create({ name: 'Ada', metadata: { a: '1' } }, { idempotencyKey: 'key' });
    const [entry] = await sandbox.requests('?path=/v1/customers');
    expect(entry).toMatchObject({
      method: 'POST',
      path: '/v1/customers',
      params: { name: 'Ada', metadata: { a: '1' } },
      idempotencyKey: 'key',
      status: 200,
    });
    expect(JSON.stringify(await sandbox.requests())).not.toContain('sk_test');
  });

  it('are forgotten, like everything else, on reset', async () => {
    await fault({ kind: 'reset', times: null });
    await available('unavailable');
    await sandbox.advance({ days: 3 });
    await sandbox.control('POST', '/reset');
    await expect(sandbox.control('GET', '/clock')).resolves.toMatchObject({ offset: 0 });
    await expect(stripe.events.list()).resolves.toMatchObject({ data: [] });
  });

  it.each([
    ['an unknown kind', '/faults', { kind: 'earthquake' }],
    ['an unknown property', '/faults', { kind: 'reset', colour: 'red' }],
    ['a clock that goes back', '/clock/advance', { to: 1 }],
    ['a clock that goes nowhere', '/clock/advance', {}],
  ])('are refused with a reason for %s', async (_, path, body) => {
    await expect(sandbox.control('POST', path, body)).rejects.toThrow(/400 \{"error":"\w+/);
  });
});
