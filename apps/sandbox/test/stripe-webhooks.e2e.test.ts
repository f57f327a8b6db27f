import type Stripe from 'stripe';
import { StripeSandboxServer } from '../../../test/support/stripe-sandbox.js';
import { type ReceivedWebhook, WebhookReceiver } from './support/webhook-receiver.js';

const SECRET = 'whsec_of_the_test';

let sandbox: StripeSandboxServer;
let stripe: Stripe;
let receiver: WebhookReceiver;

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
  sandbox = await StripeSandboxServer.start({
    SANDBOX_STRIPE_WEBHOOK_URL: receiver.url,
    SANDBOX_STRIPE_WEBHOOK_SECRET: SECRET,
  });
  stripe = sandbox.sdk();
  await sandbox.control('PATCH', '/settings', { deliveryBackoffMs: 5 });
});
afterEach(async () => {
  await sandbox?.stop();
  await receiver?.stop();
});

const idle = () => sandbox.control<{ idle: boolean }>('GET', '/deliveries/idle');
const policy = (body: object) => sandbox.control('PUT', '/deliveries/policy', body);
const release = (ids?: string[]) => sandbox.control('POST', '/deliveries/release', { ids });
const failed = async () => (await stripe.events.list({ delivery_success: false })).data.map(({ type }) => type);

const subscribe = async (): Promise<string> => {
  const { id: customer } = await stripe.customers.create({});
  const { id } = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer,
    line_items: [{ price: 'price_pro', quantity: 1 }],
    success_url: 'http://localhost:3000/done',
  });
  return (await sandbox.pay(id)).subscription;
};

describe('webhooks of the sandbox', () => {
  it('carry a signature that the SDK accepts, over exactly these bytes', async () => {
    await stripe.customers.create({ name: 'Zoë' });
    await expect(idle()).resolves.toEqual({ idle: true });
    const [{ body, headers }] = receiver.received as [ReceivedWebhook];
    const signature = String(headers['stripe-signature']);
    const event = stripe.webhooks.constructEvent(body, signature, SECRET);
    expect(event).toMatchObject({ type: 'customer.created', data: { object: { name: 'Zoë' } }, pending_webhooks: 1 });
    const reprinted = JSON.stringify(JSON.parse(body));
    expect(() => stripe.webhooks.constructEvent(reprinted, signature, SECRET)).toThrow(/No signatures found/);
    expect(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other')).toThrow(/No signatures found/);
    await expect(stripe.events.retrieve(event.id)).resolves.toMatchObject({ pending_webhooks: 0 });
  });

  it('are signed with the real time, however far the clock was moved', async () => {
    await sandbox.advance({ days: 90 });
    await stripe.customers.create({});
    await idle();
    const [{ body, headers }] = receiver.received as [ReceivedWebhook];
    const event = stripe.webhooks.constructEvent(body, String(headers['stripe-signature']), SECRET, 60);
    expect(event.created).toBeGreaterThan(Date.now() / 1000 + 89 * 86_400);
  });

  it('are signed with each secret while it is being changed', async () => {
    await sandbox.control('PUT', '/endpoints', {
      endpoints: [{ url: receiver.url, secrets: ['whsec_old', 'whsec_new'] }],
    });
    await stripe.customers.create({});
    await idle();
    const [{ body, headers }] = receiver.received as [ReceivedWebhook];
    for (const secret of ['whsec_old', 'whsec_new']) {
      expect(() => stripe.webhooks.constructEvent(body, String(headers['stripe-signature']), secret)).not.toThrow();
    }
  });

  it('are sent for every step of a payment', async () => {
    await subscribe();
    await idle();
    expect(new Set(receiver.types())).toEqual(
      new Set([
        'customer.created',
        'customer.updated',
        'customer.subscription.created',
        'invoice.created',
        'invoice.finalized',
        'invoice.updated',
        'invoice.paid',
        'invoice.payment_succeeded',
        'invoice_payment.paid',
        'customer.subscription.updated',
        'checkout.session.completed',
      ]),
    );
  });

  it('come thin to an endpoint that wants them thin, and lead to the object', async () => {
    await sandbox.control('PUT', '/endpoints', {
      endpoints: [{ url: receiver.url, secrets: [SECRET], payload: 'thin', types: ['customer.subscription.*'] }],
    });
    const subscription = await subscribe();
    await idle();
    const notifications = receiver.received.map(({ body, headers }) =>
      stripe.parseEventNotification(body, String(headers['stripe-signature']), SECRET),
    );
    const created = notifications.find(({ type }) => type === 'v1.customer.subscription.created');
    expect(created).toMatchObject({ related_object: { id: subscription, type: 'subscription' } });
    expect(JSON.stringify(created)).not.toContain('items');
    if (created?.type !== 'v1.customer.subscription.created') throw new Error('Another kind of event');
    await expect(created.fetchRelatedObject()).resolves.toMatchObject({ id: subscription, status: 'active' });
    expect(notifications).toHaveLength(2);
  });

  it('are tried again until they are accepted', async () => {
    // More attempts than are made until the receiver accepts.
    await sandbox.control('PATCH', '/settings', { deliveryAttempts: 20 });
    receiver.status = 500;
    await stripe.customers.create({});
    while (receiver.received.length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(await failed()).toEqual(['customer.created']);
    receiver.status = 200;
    await idle();
    expect(receiver.types()).toEqual(['customer.created']);
    expect(await failed()).toEqual([]);
  });

  it('are given up after a bounded number of attempts', async () => {
    await sandbox.control('PATCH', '/settings', { deliveryAttempts: 3, deliveryBackoffMs: 1 });
    receiver.status = 302;
    await stripe.customers.create({});
    await idle();
    const [delivery] = await sandbox.deliveries();
    expect(delivery).toMatchObject({ state: 'failed', attempts: [{ status: 302 }, { status: 302 }, { status: 302 }] });
  });

  it('have failed when the endpoint could not be reached', async () => {
    await receiver.stop();
    await sandbox.control('PATCH', '/settings', { deliveryAttempts: 2 });
    await stripe.customers.create({});
    await idle();
    const [delivery] = await sandbox.deliveries('?state=failed');
    expect(delivery?.attempts[0]).toMatchObject({ status: null, error: 'ECONNREFUSED' });
  });

  it('wait while they are held, and go out in any order, as often as wanted', async () => {
    await policy({ hold: true });
    await subscribe();
    const held = await sandbox.deliveries('?state=held');
    expect(receiver.received).toEqual([]);
    const reversed = [...held].reverse();
    await release([...reversed, ...reversed].map(({ id }) => id));
    const types = reversed.map(({ type }) => type);
    expect(receiver.types()).toEqual([...types, ...types]);
    expect(await failed()).toEqual([]);
  });

  it('stay held when releasing one fails', async () => {
    await policy({ hold: true });
    await stripe.customers.create({});
    receiver.status = 503;
    await release();
    await expect(sandbox.deliveries('?state=held')).resolves.toMatchObject([{ attempts: [{ status: 503 }] }]);
    receiver.status = 200;
    await release();
    await expect(sandbox.deliveries('?state=delivered')).resolves.toHaveLength(1);
  });

  it('get lost, with Stripe knowing or believing otherwise', async () => {
    await policy({ drop: 'failed', types: ['customer.created'] });
    const { id } = await stripe.customers.create({});
    const subscription = await sandbox.control<{ id: string }>('POST', '/subscriptions', { customer: id });
    await policy({ drop: 'acknowledged', types: ['customer.subscription.deleted'] });
    await stripe.subscriptions.cancel(subscription.id);
    await stripe.customers.del(id);
    await idle();
    expect(receiver.types()).toContain('customer.deleted');
    expect(receiver.types()).not.toContain('customer.created');
    expect(receiver.types()).not.toContain('customer.subscription.deleted');
    expect(await failed()).toEqual(['customer.created']);
    const [lost] = await sandbox.deliveries('?type=customer.created');
    await release([String(lost?.id)]);
    expect(receiver.types().at(-1)).toBe('customer.created');
    expect(await failed()).toEqual([]);
  });

  it('come twice, late and out of order', async () => {
    // Long beside what making the customers takes, also on a busy machine: else they would arrive in their order.
    await policy({ copies: 2, delayMs: [0, 1_500] });
    await Promise.all(Array.from({ length: 10 }, () => stripe.customers.create({})));
    await idle();
    const ids = receiver.received.map(({ body }) => (JSON.parse(body) as Stripe.Event).id);
    expect(ids).toHaveLength(20);
    const { data } = await stripe.events.list({ limit: 100 });
    expect(new Set(ids)).toEqual(new Set(data.map(({ id }) => id)));
    expect([...new Set(ids)]).not.toEqual(data.map(({ id }) => id).reverse());
  });

  it('of one action fall into the same second', async () => {
    await subscribe();
    const { data } = await stripe.events.list({
      limit: 100,
      types: ['customer.subscription.created', 'customer.subscription.updated'],
    });
    expect(data.map(({ created }) => created)).toEqual([data[0]?.created, data[0]?.created]);
  });
});
