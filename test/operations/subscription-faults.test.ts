import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { sessionOf, StripeControl } from '../support/stripe-control.js';

let stack: Stack;
let stripe: StripeControl;
let database: pg.Client;

beforeAll(async () => {
  // By default people come back to the port of whichever API they asked; replicas behind one address have one setting.
  const urls = {
    CHECKOUT_SUCCESS_URL: 'http://localhost:3000/paid',
    CHECKOUT_CANCEL_URL: 'http://localhost:3000/plans',
  };
  stack = await startStack({
    apis: 2,
    env: { ...urls, STRIPE_RECONCILE_SECONDS: '1', RATE_LIMIT_CHECKOUT_PER_MINUTE: '1000' },
  });
  stripe = new StripeControl(stack.sandboxUrl);
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
}, 90_000);
afterAll(async () => {
  await database?.end();
  await stack?.stop();
});
afterEach(async () => {
  await stripe.availability('up');
  await stripe.call('DELETE', '/faults');
  await stripe.deliver({});
});

const subscribe = (http: HttpClient) =>
  http.post<{ checkoutUrl: string; code?: string }>('/subscription/subscribe/pro', {});
const planOf = async ({ http }: Person): Promise<unknown> => (await http.get('/subscription/status')).body['plan'];
const untilPlan = (person: Person, plan: string) =>
  eventually(
    async () => {
      expect(await planOf(person)).toBe(plan);
      return plan;
    },
    { withinMs: 30_000 },
  );

async function subscriber(): Promise<{ person: Person; subscription: string; customer: string }> {
  const person = await signUpAndLogIn(stack.http);
  const subscription = await stripe.pay((await subscribe(person.http)).body.checkoutUrl);
  await untilPlan(person, 'pro');
  const [customer] = await stripe.customersOf(person.id);
  return { person, subscription, customer: customer?.id ?? '' };
}

/** All sessions of a user that can be paid now. */
async function payable(person: Person): Promise<string[]> {
  const customers = await stripe.customersOf(person.id);
  return customers.flatMap(({ sessions }) => sessions.filter(({ status }) => status === 'open').map(({ id }) => id));
}

/** A call of Stripe's API, as its dashboard makes it. */
const atStripe = (method: string, path: string) =>
  fetch(`${stack.sandboxUrl}${path}`, { method, headers: { authorization: 'Bearer sk_test_dashboard' } });

describe('while Stripe is out of reach', () => {
  it.each(['unavailable', 'reset'] as const)('(%s) everything goes on but buying, which says so', async (mode) => {
    const { person } = await subscriber();
    const newcomer = await signUpAndLogIn(stack.http);
    await stripe.availability(mode);
    for (const path of ['/subscription/subscribe/pro', '/subscription/portal']) {
      const { status, body, headers } = await newcomer.http.post(path, {});
      expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'payment_provider_unavailable' });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await planOf(person)).toBe('pro');
    const room = await person.http.post<{ id: string }>('/chatroom', {});
    for (let message = 0; message < 6; message++) {
      const { status } = await person.http.post(`/chatroom/${room.body.id}/message`, { content: 'Hello' });
      expect(status).toBe(202);
    }
    await stripe.availability('up');
    expect((await subscribe(newcomer.http)).status).toBe(201);
  });

  it('and silent, buying gives up after a while', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    await stripe.availability('hang');
    const { status, body } = await subscribe(http);
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'payment_provider_unavailable' });
  }, 60_000);

  it('a wrong price is an operator’s affair: 503, nothing of it for the user, and no matter once it is mended', async () => {
    const other = await stack.add('api', { STRIPE_PRICE_ID: 'price_of_last_year' });
    const { http } = await signUpAndLogIn(stack.http);
    const { status, body } = await subscribe(http.at(other.url));
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'payment_provider_unavailable' });
    expect(JSON.stringify(body)).not.toContain('price_of_last_year');
    await eventually(() => /error.*price_of_last_year/.test(other.log.join()));
    expect((await subscribe(http)).status).toBe(201);
  }, 60_000);
});

describe('an address to return to that Stripe refuses', () => {
  it.each([
    ['success_url', 'successUrl'],
    ['cancel_url', 'cancelUrl'],
  ])(
    'as %s is the affair of who asked for it: 400, no alarm, and no matter for the next order',
    async (param, name) => {
      const { http } = await signUpAndLogIn(stack.http);
      await stripe.fault({ kind: 'status', status: 400, param, method: 'POST', path: '/v1/checkout/sessions' });
      const asked = { [name]: 'http://localhost:3000/somewhere' };
      const before = stack.logs();
      const { status, body } = await http.post('/subscription/subscribe/pro', asked);
      expect({ status, body }).toMatchObject({
        status: 400,
        body: { code: 'validation_failed', errors: [{ pointer: `/${name}` }] },
      });
      const refusals = (logs: string) => logs.split('Stripe refuses').length;
      expect(refusals(stack.logs())).toBe(refusals(before));
      expect((await http.post('/subscription/subscribe/pro', asked)).status).toBe(201);
    },
  );

  it.each([
    ['success_url', 'CHECKOUT_SUCCESS_URL'],
    ['cancel_url', 'CHECKOUT_CANCEL_URL'],
  ])('as %s by configuration is an operator’s affair: 503, and an error in the log', async (param, variable) => {
    const { http } = await signUpAndLogIn(stack.http);
    await stripe.fault({ kind: 'status', status: 400, param, method: 'POST', path: '/v1/checkout/sessions' });
    const { status, body } = await subscribe(http);
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'payment_provider_unavailable' });
    await eventually(() => new RegExp(`"error".*Stripe refuses ${variable}`).test(stack.logs()));
    expect((await subscribe(http)).status).toBe(201);
  });
});

describe('without a key', () => {
  it('nothing is sold, and all else works', async () => {
    const closed = await stack.add('api', { STRIPE_SECRET_KEY: '', STRIPE_PRICE_ID: '', STRIPE_WEBHOOK_SECRET: '' });
    const person = await signUpAndLogIn(stack.http);
    const http = person.http.at(closed.url);
    expect((await subscribe(http)).body.code).toBe('payment_provider_unavailable');
    expect((await http.post('/subscription/portal')).status).toBe(503);
    expect((await http.get('/subscription/status')).body).toMatchObject({ plan: 'basic', status: 'none' });
    expect((await http.post('/subscription/webhook/stripe', {})).status).toBe(400);
  }, 60_000);
});

describe('one customer and one payable page', () => {
  it.each(['/v1/customers', '/v1/checkout/sessions'])(
    'are left by an answer of POST %s that was lost',
    async (path) => {
      const person = await signUpAndLogIn(stack.http);
      await stripe.fault({ kind: 'lost-response', method: 'POST', path, times: 2 });
      await subscribe(person.http);
      const { body } = await subscribe(person.http);
      expect(await payable(person)).toEqual([sessionOf(body.checkoutUrl)]);
      expect(await stripe.customersOf(person.id)).toHaveLength(1);
    },
  );

  it.each(['/v1/customers', '/v1/checkout/sessions'])(
    'are left by an API that dies while POST %s is under way',
    async (path) => {
      const person = await signUpAndLogIn(stack.http);
      await stripe.fault({ kind: 'latency', delayMs: 6_000, method: 'POST', path });
      const isUnderWay = async (): Promise<boolean> =>
        (await stripe.calls(`?method=POST&path=${path}`)).some(
          (call) => call.fault === 'latency' && call.status === null,
        );
      const click = subscribe(person.http).catch(() => null);
      await eventually(isUnderWay);
      await stack.api(0).kill('SIGKILL');
      expect(await click).toBeNull();
      await stack.api(0).restart();
      // Until Stripe has carried it out, it refuses others with the same key.
      await eventually(async () => !(await isUnderWay()));
      const { status, body } = await subscribe(person.http);
      expect(status).toBe(201);
      expect(await payable(person)).toEqual([sessionOf(body.checkoutUrl)]);
      expect(await stripe.customersOf(person.id)).toHaveLength(1);
    },
    90_000,
  );

  it.each(['/v1/customers', '/v1/checkout/sessions'])(
    'come after a fault of POST %s that Stripe repeats for its key',
    async (path) => {
      const person = await signUpAndLogIn(stack.http);
      await stripe.fault({ kind: 'status', status: 500, saved: true, method: 'POST', path });
      expect((await subscribe(person.http)).status).toBe(503);
      const { status, body } = await subscribe(person.http);
      expect(status).toBe(201);
      expect(await payable(person)).toEqual([sessionOf(body.checkoutUrl)]);
    },
  );

  it.each([0, 8])(
    'end when a subscription comes from elsewhere, though Stripe fails %s times',
    async (times) => {
      const person = await signUpAndLogIn(stack.http);
      await subscribe(person.http);
      if (times > 0) await stripe.fault({ kind: 'status', times, method: 'POST', path: '/v1/checkout/sessions/' });
      const [customer] = await stripe.customersOf(person.id);
      await stripe.call('POST', '/subscriptions', { customer: customer?.id });
      await untilPlan(person, 'pro');
      await eventually(async () => (await payable(person)).length === 0, { withinMs: 30_000 });
      expect((await subscribe(person.http)).status).toBe(409);
    },
    90_000,
  );
});

describe('webhooks that never come', () => {
  it.each(['failed', 'acknowledged'])(
    '(%s) are found in Stripe’s list, and an operator sees it',
    async (drop) => {
      await stripe.deliver({ drop });
      const { person, subscription } = await subscriber();
      await stripe.change(subscription, { status: 'unpaid' });
      await untilPlan(person, 'basic');
      // A sync is counted after it has been stored, and the backlog is read every few seconds.
      await eventually(async () => {
        const metrics = await (await fetch(stack.worker().metricsUrl)).text();
        const [, found] = /billing_events_total\{source="list",novelty="new"\} (\d+)/.exec(metrics) ?? [];
        expect(Number(found)).toBeGreaterThan(0);
        expect(metrics).toMatch(/billing_syncs_total\{outcome="changed"\} [1-9]/);
        expect(metrics).toMatch(/billing_backlog\{kind="event"\} \d/);
        expect(metrics).toMatch(/billing_reconciled_timestamp_seconds \d{10}/);
        expect(metrics).toMatch(/stripe_request_seconds_count\{operation="list_events",outcome="ok"\} [1-9]/);
        return true;
      });
    },
    90_000,
  );
});

describe('a customer who was deleted at Stripe', () => {
  it('is Basic, and buys as a new one', async () => {
    const { person, customer } = await subscriber();
    await atStripe('DELETE', `/v1/customers/${customer}`);
    await untilPlan(person, 'basic');
    const { status, body } = await subscribe(person.http);
    expect(status).toBe(201);
    await stripe.pay(body.checkoutUrl);
    await untilPlan(person, 'pro');
  });

  it('opens the portal as a new one', async () => {
    const person = await signUpAndLogIn(stack.http);
    await person.http.post('/subscription/portal');
    const [customer] = await stripe.customersOf(person.id);
    await atStripe('DELETE', `/v1/customers/${customer?.id}`);
    expect((await person.http.post('/subscription/portal')).status).toBe(201);
  });
});

describe('a subscription that is past due', () => {
  it('stays Pro for the days of grace, which later syncs don’t begin anew', async () => {
    const { person, subscription } = await subscriber();
    await stripe.change(subscription, { status: 'past_due' });
    const readGrace = async (): Promise<Date | null> => {
      const text = 'SELECT plan_expires_at FROM subscription WHERE user_id = $1';
      return (
        (await database.query<{ plan_expires_at: Date | null }>(text, [person.id])).rows[0]?.plan_expires_at ?? null
      );
    };
    const grace = await eventually(readGrace);
    expect((grace?.getTime() ?? 0) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    expect(await planOf(person)).toBe('pro');
    await subscribe(person.http);
    expect(await readGrace()).toEqual(grace);
    // A sync that is under way would store the end of the grace that it has read.
    const expire = `UPDATE subscription SET plan_expires_at = now() - interval '1 second'
                    WHERE user_id = $1 AND (lease_until IS NULL OR lease_until <= now())`;
    await eventually(async () => (await database.query(expire, [person.id])).rowCount === 1, { withinMs: 30_000 });
    expect(await planOf(person)).toBe('basic');
    expect((await subscribe(person.http)).status).toBe(409);
    expect(await planOf(person)).toBe('basic');
    await stripe.change(subscription, { status: 'active' });
    await untilPlan(person, 'pro');
  }, 90_000);
});

describe('deleting an account', () => {
  const untilForgotten = () =>
    eventually(
      async () => {
        const { rows } = await database.query('SELECT 1 FROM stripe_cancellation');
        return rows.length === 0;
      },
      { withinMs: 30_000 },
    );
  const traces = async (customer: string): Promise<number> => {
    const text = `SELECT (SELECT count(*) FROM subscription WHERE stripe_customer_id = $1) +
                         (SELECT count(*) FROM stripe_event WHERE customer_id = $1) AS count`;
    return Number((await database.query<{ count: string }>(text, [customer])).rows[0]?.count);
  };
  const atStripeOf = async (customer: string) =>
    stripe.call<{ deleted: boolean; subscriptions: { status: string }[]; sessions: { status: string }[] }>(
      'GET',
      `/customers/${customer}`,
    );

  it('ends the subscription, the customer and what we know of both', async () => {
    const { person, customer } = await subscriber();
    expect((await person.http.delete('/user/me')).status).toBe(204);
    await untilForgotten();
    expect(await atStripeOf(customer)).toMatchObject({ deleted: true, subscriptions: [{ status: 'canceled' }] });
    await eventually(async () => (await traces(customer)) === 0);
  }, 60_000);

  it('closes a page that could still be paid', async () => {
    const person = await signUpAndLogIn(stack.http);
    await subscribe(person.http);
    const [customer] = await stripe.customersOf(person.id);
    expect((await person.http.delete('/user/me')).status).toBe(204);
    await untilForgotten();
    const { sessions } = await atStripeOf(customer?.id ?? '');
    expect(sessions.map(({ status }) => status)).toEqual(['expired']);
  }, 60_000);

  it('works while Stripe is away, and is carried out there when it is back', async () => {
    const { person, customer } = await subscriber();
    await stripe.availability('unavailable');
    expect((await person.http.delete('/user/me')).status).toBe(204);
    await stack.worker().restart();
    await stripe.availability('up');
    await untilForgotten();
    expect(await atStripeOf(customer)).toMatchObject({ deleted: true, subscriptions: [{ status: 'canceled' }] });
  }, 90_000);
});

describe('an export', () => {
  it('tells what billing holds of the user', async () => {
    const { person, customer, subscription } = await subscriber();
    const { body } = await person.http.get('/user/me/export');
    expect(JSON.stringify(body)).toContain(customer);
    expect(JSON.stringify(body)).toContain(subscription);
  });
});
