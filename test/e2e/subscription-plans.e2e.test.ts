import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { Page } from '../support/http/page.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, send } from '../support/messages.js';
import { type PlansFile, plansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';
import { sessionOf, StripeControl } from '../support/stripe-control.js';

/** Nothing but the file makes a third tier, and a fourth that is not sold. */
const tiers = ({ plans, models }: PlansFile): void => {
  models['gemini-pro-latest'] = { label: 'The thorough one' };
  plans.pro.prices = { month: { id: 'price_pro' }, year: { id: 'price_pro_year', trialDays: 14 } };
  const prices = { year: { id: 'price_team_year', promotionCodes: true, automaticTax: true } };
  plans['team'] = {
    ...plans.pro,
    label: 'Team',
    dailyMessages: 7,
    models: [...plans.pro.models, 'gemini-pro-latest'],
    defaultModel: 'gemini-pro-latest',
    prices,
  };
  plans['internal'] = { ...plans.basic, label: 'Internal' };
};

let stack: Stack;
let stripe: StripeControl;

beforeAll(async () => {
  stack = await startStack({
    env: { PLANS_FILE: plansFile(tiers), STRIPE_RECONCILE_SECONDS: '1', RATE_LIMIT_CHECKOUT_PER_MINUTE: '1000' },
  });
  stripe = new StripeControl(stack.sandboxUrl);
}, 90_000);
afterAll(() => stack?.stop());
afterEach(() => stripe?.call('DELETE', '/faults'));

const login = (): Promise<Person> => signUpAndLogIn(stack.http);
const subscribe = (http: HttpClient, plan: string, body: object = {}) =>
  http.post<{ checkoutUrl: string; code?: string; detail?: string }>(`/subscription/subscribe/${plan}`, body);
const statusOf = async (http: HttpClient) =>
  (await http.get<{ plan: string; status: string; currentPeriodEnd: string; quota: object }>('/subscription/status'))
    .body;
const untilPlan = (http: HttpClient, plan: string) =>
  eventually(async () => {
    const status = await statusOf(http);
    expect(status.plan).toBe(plan);
    return status;
  });

/** Somebody who has paid for a plan. */
async function subscriber(plan: string, interval: string): Promise<{ person: Person; subscription: string }> {
  const person = await login();
  const subscription = await stripe.pay((await subscribe(person.http, plan, { interval })).body.checkoutUrl);
  await untilPlan(person.http, plan);
  return { person, subscription };
}

/** What Stripe was asked to sell this user, call by call. */
async function ordersOf(person: Person) {
  const calls = await stripe.calls('?method=POST&path=/v1/checkout/sessions');
  return calls.filter(({ params }) => params['client_reference_id'] === person.id);
}

async function payable(person: Person): Promise<string[]> {
  const customers = await stripe.customersOf(person.id);
  return customers.flatMap(({ sessions }) => sessions.filter(({ status }) => status === 'open').map(({ id }) => id));
}

describe('a third tier in the file', () => {
  it('is bought by the year on Stripe’s page, and has a quota of its own', async () => {
    const person = await login();
    const { status, body } = await subscribe(person.http, 'team', { interval: 'year' });
    expect(status).toBe(201);
    const page = await Page.open(body.checkoutUrl);
    expect(page.html).toMatch(/Subscribe to Team[^]*per year/);
    await page.press('pay');
    const now = await untilPlan(person.http, 'team');
    expect(now).toMatchObject({ status: 'active', quota: { limit: 7, used: 0, remaining: 7 } });
    expect((Date.parse(now.currentPeriodEnd) - Date.now()) / 86_400_000).toBeGreaterThan(364);
    expect((await person.http.get('/user/me')).body['plan']).toBe('team');

    const room = await openRoom(person.http);
    const send = () => person.http.post(`/chatroom/${room}/message`, { content: 'Hello' });
    for (let message = 0; message < 7; message++) {
      const { status: accepted, headers } = await send();
      expect([accepted, headers.get('ratelimit-policy')]).toEqual([
        202,
        expect.stringContaining('"daily-messages";q=7'),
      ]);
    }
    expect((await send()).status).toBe(429);
  }, 60_000);

  it('has models of its own, and answers with its default', async () => {
    const { person } = await subscriber('team', 'year');
    const model = 'gemini-pro-latest';
    const refused = await (await login()).http.post('/chatroom', { model });
    expect([refused.status, refused.body['code']]).toEqual([403, 'model_not_in_plan']);
    expect((await person.http.post('/chatroom', { model })).status).toBe(201);
    const { reply } = await send(person.http, await openRoom(person.http), 'Hello');
    // The version that answered, whose name begins with the model's.
    expect((await outcome(person.http, reply)).model).toMatch(new RegExp(`^${model}`));
  });

  it('is sold as the file says: with promotion codes, and the tax worked out', async () => {
    const person = await login();
    await subscribe(person.http, 'team', { interval: 'year' });
    const [order] = await ordersOf(person);
    expect(order?.params).toMatchObject({
      line_items: [{ price: 'price_team_year' }],
      allow_promotion_codes: 'true',
      automatic_tax: { enabled: 'true' },
      customer_update: { address: 'auto' },
    });
    expect(order?.params['subscription_data']).not.toHaveProperty('trial_period_days');
  });
});

describe('what can’t be bought', () => {
  it.each([
    ['the plan that costs nothing', 'basic'],
    ['a plan without a price', 'internal'],
    ['a plan that doesn’t exist', 'gold'],
    ['an id', '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20'],
    ['a name that every object has', 'constructor'],
    ['another case', 'Pro'],
    ['a NUL', '%00'],
  ])('is %s', async (_case, plan) => {
    const person = await login();
    const { status, body } = await subscribe(person.http, plan);
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'plan_not_found' });
    expect(await stripe.customersOf(person.id)).toEqual([]);
  });

  it.each([
    ['an interval that the plan lacks', 'team', {}],
    ['the same by its name', 'team', { interval: 'month' }],
    ['an interval that no plan has', 'pro', { interval: 'week' }],
    ['an interval that is no word', 'pro', { interval: 1 }],
  ])('is %s', async (_case, plan, request) => {
    const { status, body } = await subscribe((await login()).http, plan, request);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/interval' }] });
  });

  it('is anything without a token', async () => {
    expect((await subscribe(stack.http, 'gold')).status).toBe(401);
  });
});

describe('one payable page', () => {
  it('is that of the month unless an interval is named', async () => {
    const person = await login();
    const pages: string[] = [];
    for (const request of [{ interval: 'month' }, {}, { interval: null }]) {
      pages.push((await subscribe(person.http, 'pro', request)).body.checkoutUrl);
    }
    expect(pages).toEqual(Array(3).fill(expect.stringMatching(/cs_/)));
    expect(new Set(pages).size).toBe(1);
  });

  it('is the same for every click, and another one for another plan or interval', async () => {
    const person = await login();
    const pages: string[] = [];
    for (const [plan, interval] of [
      ['pro', 'month'],
      ['pro', 'month'],
      ['pro', 'year'],
      ['team', 'year'],
      ['team', 'year'],
    ] as const) {
      const { body } = await subscribe(person.http, plan, { interval });
      expect(await payable(person)).toEqual([sessionOf(body.checkoutUrl)]);
      pages.push(body.checkoutUrl);
    }
    expect(new Set(pages).size).toBe(3);
  });

  it('is left by an API that died while Stripe was asked, though the file has changed since', async () => {
    const person = await login();
    await stripe.fault({ kind: 'latency', delayMs: 5_000, method: 'POST', path: '/v1/checkout/sessions' });
    const click = subscribe(person.http, 'pro', { interval: 'year' }).catch(() => null);
    await eventually(async () => (await ordersOf(person)).some((call) => call.status === null));
    await stack.api().kill('SIGKILL');
    expect(await click).toBeNull();
    // Stripe makes the page all the same.
    await eventually(async () => (await ordersOf(person)).every((call) => call.status === 200));
    const changed = plansFile((file) => {
      tiers(file);
      file.plans.pro.prices = { year: { id: 'price_pro_year', trialDays: 30, promotionCodes: false } };
    });
    await stack.api().restart({ PLANS_FILE: changed });
    try {
      const { status, body } = await subscribe(person.http, 'pro', { interval: 'year' });
      expect(status).toBe(201);
      expect(await payable(person)).toEqual([sessionOf(body.checkoutUrl)]);
      const orders = await ordersOf(person);
      expect(orders.map((call) => [call.replayed, call.status])).not.toContainEqual([false, 400]);
      expect(orders.at(-1)?.params['subscription_data']).toMatchObject({ trial_period_days: '30' });
    } finally {
      await stack.api().restart({ PLANS_FILE: plansFile(tiers) });
    }
  }, 60_000);
});

describe('who has a subscription', () => {
  it('is sent to the portal for another plan, which changes it there', async () => {
    const { person } = await subscriber('pro', 'month');
    const { status, body } = await subscribe(person.http, 'team', { interval: 'year' });
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'already_subscribed' });
    expect(body.detail).toMatch(/portal/);

    const portal = await person.http.post<{ url: string }>('/subscription/portal');
    const after = await (await Page.open(portal.body.url)).press('switch-to-price_team_year');
    expect(await untilPlan(person.http, 'team')).toMatchObject({ status: 'active', quota: { limit: 7 } });
    await (await Page.open(after)).press('switch-to-price_pro');
    expect(await untilPlan(person.http, 'pro')).toMatchObject({ quota: { limit: null } });
  });

  it('has the lowest paid plan at a price that the file lacks, and operators are told once', async () => {
    const { person, subscription } = await subscriber('team', 'year');
    await stripe.call('POST', '/prices', { id: 'price_forgotten' });
    await stripe.change(subscription, { price: 'price_forgotten' });
    await untilPlan(person.http, 'pro');
    await stripe.change(subscription, { cancelAtPeriodEnd: true });
    await eventually(async () => (await person.http.get('/subscription/status')).body['cancelAtPeriodEnd'] === true);
    // A line of the log arrives after what it tells of.
    const lines = await eventually(() => {
      const found = stack.worker().log.filter((line) => line.includes('price_forgotten'));
      expect(found).not.toHaveLength(0);
      return found;
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/warn.*pro/);
  });

  it('has the highest plan of several', async () => {
    const { person } = await subscriber('pro', 'month');
    const [customer] = await stripe.customersOf(person.id);
    await stripe.call('POST', '/subscriptions', { customer: customer?.id, price: 'price_team_year' });
    expect(await untilPlan(person.http, 'team')).toMatchObject({ status: 'active' });
  });
});

describe('a trial', () => {
  it('has the plan, and is had once', async () => {
    const { person, subscription } = await subscriber('pro', 'year');
    expect(await statusOf(person.http)).toMatchObject({ plan: 'pro', status: 'trialing' });
    await stripe.change(subscription, { status: 'canceled' });
    await untilPlan(person.http, 'basic');
    const { body } = await subscribe(person.http, 'pro', { interval: 'year' });
    const [first, second] = await ordersOf(person);
    expect(first?.params['subscription_data']).toMatchObject({ trial_period_days: '14' });
    expect(second?.params['subscription_data']).not.toHaveProperty('trial_period_days');
    await stripe.pay(body.checkoutUrl);
    expect(await untilPlan(person.http, 'pro')).toMatchObject({ status: 'active' });
  });

  it('ends in the plan that is paid, or in Basic', async () => {
    const payer = await subscriber('pro', 'year');
    const other = await subscriber('pro', 'year');
    await stripe.change(other.subscription, { cancelAtPeriodEnd: true });
    await stripe.advance({ days: 15 });
    await untilPlan(other.person.http, 'basic');
    await eventually(async () => (await statusOf(payer.person.http)).status === 'active');
    expect((await statusOf(payer.person.http)).plan).toBe('pro');
  });
});
