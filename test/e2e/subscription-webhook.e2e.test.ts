import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import Stripe from 'stripe';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';

const OLD_SECRET = 'whsec_before_rotation';
const SECRET = 'whsec_of_the_test';
const FIXTURES = `${import.meta.dirname}/fixtures/stripe`;

let stack: Stack;
let stripe: StripeControl;
let database: pg.Client;
let redis: TcpProxy;

beforeAll(async () => {
  redis = await TcpProxy.to(process.env['REDIS_HOST'] ?? '127.0.0.1', Number(process.env['REDIS_PORT'] ?? 6379));
  const secrets = { STRIPE_WEBHOOK_SECRET: `${OLD_SECRET}, ${SECRET}`, SANDBOX_STRIPE_WEBHOOK_SECRET: SECRET };
  // The list of events is not read again in time, so whatever becomes known came by webhook.
  const env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port), STRIPE_RECONCILE_SECONDS: '3600' };
  stack = await startStack({ env: { ...secrets, ...env } });
  stripe = new StripeControl(stack.sandboxUrl);
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
}, 90_000);
afterAll(async () => {
  await database?.end();
  await stack?.stop();
  await redis?.close();
});
afterEach(() => stripe?.deliver({}));

const now = (): number => Math.floor(Date.now() / 1_000);

/** The header that Stripe documents, made without the SDK. */
const sign = (body: string, secret = SECRET, time: number | string = now()): string =>
  `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;

const post = (body: string, signature?: string) =>
  stack.http.post(
    '/subscription/webhook/stripe',
    body,
    signature === undefined ? {} : { 'stripe-signature': signature },
  );

let events = 0;
const anEvent = (type = 'customer.subscription.updated', object: object = { object: 'subscription', id: 'sub_x' }) =>
  JSON.stringify({ id: `evt_test_${++events}`, object: 'event', type, data: { object } }, null, 2);

const idOf = (body: string): string => (JSON.parse(body) as { id: string }).id;

async function stored(id: string): Promise<{ processed: boolean } | undefined> {
  const text = 'SELECT processed_at IS NOT NULL AS processed FROM stripe_event WHERE id = $1';
  return (await database.query<{ processed: boolean }>(text, [id])).rows[0];
}

const untilProcessed = (id: string) => eventually(async () => (await stored(id))?.processed);

const countEvents = async (): Promise<number> =>
  Number((await database.query<{ count: string }>('SELECT count(*) FROM stripe_event')).rows[0]?.count);

describe('a webhook', () => {
  it('that Stripe signed is stored at once', async () => {
    const body = anEvent();
    const { status, body: answer } = await post(body, sign(body));
    expect({ status, answer }).toEqual({ status: 200, answer: { received: true } });
    expect(await stored(idOf(body))).toBeDefined();
  });

  it.each([
    ['signed with the secret before the rotation', (body: string) => sign(body, OLD_SECRET)],
    [
      'signed by Stripe’s own library',
      (payload: string) => Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET }),
    ],
    ['signed with two secrets', (body: string) => `${sign(body)},v1=${'0'.repeat(64)},v0=deadbeef`],
    ['four minutes old', (body: string) => sign(body, SECRET, now() - 240)],
    ['four minutes ahead of our clock', (body: string) => sign(body, SECRET, now() + 240)],
  ])('is accepted when it is %s', async (_case, signature) => {
    const body = anEvent();
    expect((await post(body, signature(body))).status).toBe(200);
  });

  it.each<[string, (body: string) => string | undefined]>([
    ['without a signature', () => undefined],
    ['with an empty signature', () => ''],
    ['with nonsense for a signature', () => 'sesame'],
    ['without a time', (body) => sign(body).replace(/^t=\d+,/, '')],
    ['with an empty v1 signature', (body) => sign(body).replace(/v1=.*/, 'v1=')],
    ['with a v1 without a value', (body) => sign(body).replace(/v1=.*/, 'v1')],
    ['with a signature of another alphabet', (body) => sign(body).replace(/v1=.*/, `v1=${'0'.repeat(63)}é`)],
    ['without a v1 signature', (body) => sign(body).replace('v1=', 'v0=')],
    ['signed with a secret that isn’t ours', (body) => sign(body, 'whsec_other')],
    ['signed with an empty secret', (body) => sign(body, '')],
    ['signed for another body', () => sign(anEvent())],
    ['with a forged time', (body) => sign(body, SECRET, now() - 100).replace(/t=\d+/, `t=${now()}`)],
    ['that is stale', (body) => sign(body, SECRET, now() - 400)],
    ['from the future', (body) => sign(body, SECRET, now() + 400)],
    ['from the far future', (body) => sign(body, SECRET, 99_999_999_999)],
    ['from the future, with the right time in front', (body) => `t=${now()},${sign(body, SECRET, now() + 400)}`],
    ['of no time', (body) => sign(body, SECRET, 'NaN')],
  ])('%s is refused and leaves no trace', async (_case, signature) => {
    const before = await countEvents();
    const body = anEvent();
    const { status, body: problem } = await post(body, signature(body));
    expect({ status, code: problem['code'] }).toEqual({ status: 400, code: 'invalid_signature' });
    expect(await countEvents()).toBe(before);
  });

  it.each([
    ['re-serialised', (body: string) => JSON.stringify(JSON.parse(body))],
    ['longer by a line break', (body: string) => `${body}\n`],
    ['preceded by a byte order mark', (body: string) => `\uFEFF${body}`],
    ['changed in one word', (body: string) => body.replace('updated', 'deleted')],
    ['no JSON at all', () => 'not json'],
    ['empty', () => ''],
  ])('whose body is %s is refused', async (_case, changed) => {
    const body = anEvent();
    const { status, body: problem } = await post(changed(body), sign(body));
    expect({ status, code: problem['code'] }).toEqual({ status: 400, code: 'invalid_signature' });
    expect(await stored(idOf(body))).toBeUndefined();
  });

  it('that comes often is stored once', async () => {
    const body = anEvent();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(body, sign(body))));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const { rows } = await database.query('SELECT 1 FROM stripe_event WHERE id = $1', [idOf(body)]);
    expect(rows).toHaveLength(1);
  });

  it.each([
    ['of an unknown type', () => anEvent('customer.teleported', { object: 'customer', id: 'cus_x' })],
    [
      'about an object that we don’t know',
      () => anEvent('customer.subscription.updated', { object: 'subscription', id: 'sub_unknown' }),
    ],
    ['about nothing', () => anEvent('ping', {})],
    ['without data', () => JSON.stringify({ id: `evt_test_${++events}`, object: 'event', type: 'invoice.paid' })],
  ])('%s is accepted and done with', async (_case, make) => {
    const body = make();
    expect((await post(body, sign(body))).status).toBe(200);
    await untilProcessed(idOf(body));
  });

  it('that is signed but is no event is refused as a request, not as a fault of ours', async () => {
    for (const body of ['{}', '[]', 'null', '"event"', '{"id": 7, "type": "x"}']) {
      const { status } = await post(body, sign(body));
      expect(status).toBe(400);
    }
  });

  it.each([
    ['NUL', 'evt_\u0000'],
    ['a line break', 'evt_\n'],
    ['half a character', 'evt_\ud800'],
    ['more than ids have', `evt_${'x'.repeat(8_000)}`],
  ])('that is signed and would store %s is refused as a request, wherever that stands', async (_case, text) => {
    const object = { object: 'subscription', id: 'sub_1', customer: 'cus_1' };
    const event = { id: 'evt_stored', type: 'invoice.paid', data: { object } };
    for (const body of [
      { ...event, id: text },
      { ...event, type: text },
      { ...event, data: { object: { ...object, id: text } } },
      { ...event, data: { object: { ...object, object: text } } },
      { ...event, data: { object: { ...object, customer: text } } },
      { ...event, data: { object: { ...object, customer: { id: text } } } },
      { id: 'evt_stored', type: 'invoice.paid', related_object: { id: text, type: 'subscription' } },
    ].map((each) => JSON.stringify(each))) {
      const { status, body: problem } = await post(body, sign(body));
      expect({ status, code: problem['code'] }).toEqual({ status: 400, code: 'invalid_event' });
    }
    expect(await stored('evt_stored')).toBeUndefined();
  });

  it.each(
    ['snapshot', 'thin'].flatMap((style) => readdirSync(`${FIXTURES}/${style}`).map((file) => `${style}/${file}`)),
  )('of the form that Stripe documents is accepted: %s', async (file) => {
    const body = readFileSync(`${FIXTURES}/${file}`, 'utf8');
    expect((await post(body, sign(body))).status).toBe(200);
    await untilProcessed(idOf(body));
  });

  it('that can’t be stored is for Stripe to send again', async () => {
    await database.query('ALTER TABLE stripe_event RENAME TO stripe_event_away');
    try {
      const body = anEvent();
      expect((await post(body, sign(body))).status).toBeGreaterThanOrEqual(500);
    } finally {
      await database.query('ALTER TABLE stripe_event_away RENAME TO stripe_event');
    }
  });
});

describe('what follows from webhooks', () => {
  const plan = async ({ http }: Person) => (await http.get<{ plan: string }>('/subscription/status')).body.plan;
  const untilPlan = (person: Person, expected: string, withinMs = 20_000) =>
    eventually(
      async () => {
        expect(await plan(person)).toBe(expected);
        return expected;
      },
      { withinMs },
    );

  async function payer(): Promise<{ person: Person; subscription: string }> {
    const person = await signUpAndLogIn(stack.http);
    const { body } = await person.http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
    return { person, subscription: await stripe.pay(body.checkoutUrl) };
  }

  it.each(['snapshot', 'thin'])('is the same for %s events', async (payload) => {
    const url = `${stack.url}/subscription/webhook/stripe`;
    await stripe.call('PUT', '/endpoints', { endpoints: [{ url, secrets: [SECRET], payload }] });
    const { person, subscription } = await payer();
    expect(await untilPlan(person, 'pro')).toBe('pro');
    await stripe.change(subscription, { status: 'canceled' });
    expect(await untilPlan(person, 'basic')).toBe('basic');
  });

  it('is the state of now, though the events come backwards and twice', async () => {
    await stripe.deliver({ hold: true });
    const { person, subscription } = await payer();
    for (const status of ['past_due', 'unpaid', 'hibernating', 'active']) await stripe.change(subscription, { status });
    const ids = (await stripe.deliveries('?state=held')).map(({ id }) => id);
    await stripe.call('POST', '/deliveries/release', { ids: [...ids].reverse().flatMap((id) => [id, id]) });
    expect(await untilPlan(person, 'pro')).toBe('pro');
    await eventually(async () => {
      const { rows } = await database.query('SELECT id FROM stripe_event WHERE processed_at IS NULL');
      return rows.length === 0;
    });
    expect((await person.http.get('/subscription/status')).body).toMatchObject({ plan: 'pro', status: 'active' });
  });

  it('waits while the worker is away, and Stripe has its answer at once', async () => {
    await stack.worker().kill();
    const { person } = await payer();
    await stripe.call('GET', '/deliveries/idle');
    expect((await stripe.deliveries('?state=failed')).length).toBe(0);
    expect(await plan(person)).toBe('basic');
    await stack.worker().restart();
    expect(await untilPlan(person, 'pro')).toBe('pro');
  }, 60_000);

  it('waits while Redis is away, and Stripe has its answer at once', async () => {
    await stripe.deliver({ hold: true });
    const { person } = await payer();
    redis.sever();
    try {
      await stripe.call('POST', '/deliveries/release', {});
      const states = (await stripe.deliveries()).map(({ state }) => state);
      expect(new Set(states)).toEqual(new Set(['delivered']));
      expect(await plan(person)).toBe('basic');
    } finally {
      redis.mend();
    }
    expect(await untilPlan(person, 'pro')).toBe('pro');
    // Each connection comes back in its own time. No one can sign up without Redis.
    await eventually(() => signUpAndLogIn(stack.http));
  }, 60_000);

  it('comes later when Stripe can’t be asked just now', async () => {
    await stripe.deliver({ hold: true });
    const { person } = await payer();
    await stripe.fault({ kind: 'status', status: 503, path: '/v1/subscriptions', times: 4 });
    await stripe.call('POST', '/deliveries/release', {});
    expect(await untilPlan(person, 'pro', 40_000)).toBe('pro');
  }, 60_000);
});
