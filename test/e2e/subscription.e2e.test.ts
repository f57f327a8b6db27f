import type { SubscriptionStatus } from '@gemini-chat/client';
import type { HttpClient } from '../support/http/http-client.js';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { sessionOf, StripeControl } from '../support/stripe-control.js';

let stack: Stack;
let stripe: StripeControl;

beforeAll(async () => {
  // By default people come back to the port of whichever API they asked; replicas behind one address have one setting.
  const urls = {
    CHECKOUT_SUCCESS_URL: 'http://localhost:3000/paid',
    CHECKOUT_CANCEL_URL: 'http://localhost:3000/plans',
  };
  // The list of events is not read again, so nothing but webhooks and purchases changes a plan.
  const limits = { RATE_LIMIT_CHECKOUT_PER_MINUTE: '1000', STRIPE_RECONCILE_SECONDS: '3600' };
  stack = await startStack({ apis: 2, env: { ...urls, ...limits } });
  stripe = new StripeControl(stack.sandboxUrl);
}, 90_000);
afterAll(() => stack?.stop());
afterEach(async () => {
  await stripe?.availability('up');
  await stripe?.call('DELETE', '/faults');
  await stripe?.deliver({});
});

const login = (): Promise<Person> => signUpAndLogIn(stack.http);
const statusOf = async (http: HttpClient): Promise<SubscriptionStatus> =>
  (await http.get<SubscriptionStatus>('/subscription/status')).body;
const subscribe = (http: HttpClient, urls: object = {}) =>
  http.post<{ checkoutUrl: string; expiresAt: string; code?: string }>('/subscription/subscribe/pro', urls);
const untilPlan = (http: HttpClient, plan: string): Promise<SubscriptionStatus> =>
  eventually(async () => {
    const status = await statusOf(http);
    expect(status.plan).toBe(plan);
    return status;
  });

/** Somebody who has just paid. */
async function subscriber(): Promise<{ person: Person; subscription: string }> {
  const person = await login();
  const { body } = await subscribe(person.http);
  const subscription = await stripe.pay(body.checkoutUrl);
  await untilPlan(person.http, 'pro');
  return { person, subscription };
}

describe('the status', () => {
  it('of a newcomer is Basic with the whole quota', async () => {
    const { http } = await login();
    expect(await statusOf(http)).toEqual({
      plan: 'basic',
      status: 'none',
      currentPeriodEnd: null,
      cancelAtPeriodEnd: false,
      quota: { limit: 5, used: 0, remaining: 5, resetsAt: expect.stringMatching(/T00:00:00.000Z$/) },
    });
  });

  it('is for its owner alone', async () => {
    expect((await stack.http.get('/subscription/status')).status).toBe(401);
  });

  it('of a subscriber is Pro without a limit, to the end of the period', async () => {
    const { person } = await subscriber();
    const status = await statusOf(person.http);
    expect(status).toMatchObject({ plan: 'pro', status: 'active', cancelAtPeriodEnd: false });
    expect(status.quota).toMatchObject({ limit: null, used: 0, remaining: null });
    const [customer] = await stripe.customersOf(person.id);
    expect(Date.parse(status.currentPeriodEnd ?? '')).toBe((customer?.subscriptions[0]?.currentPeriodEnd ?? 0) * 1_000);
  });
});

describe('buying Pro', () => {
  it('leads to a page of Stripe’s, and by paying there to Pro', async () => {
    const { http, id } = await login();
    const { status, body } = await subscribe(http);
    expect(status).toBe(201);
    expect(body).toEqual({ checkoutUrl: expect.stringMatching(/^http/), expiresAt: expect.stringMatching(/Z$/) });
    const [customer] = await stripe.customersOf(id);
    expect(customer).toMatchObject({ metadata: { userId: id } });
    await stripe.pay(body.checkoutUrl);
    await untilPlan(http, 'pro');
    expect((await http.get('/user/me')).body).toMatchObject({ plan: 'pro' });
  });

  it('gives the same page for every click', async () => {
    const { http } = await login();
    const first = await subscribe(http);
    const second = await subscribe(http);
    expect(second.body.checkoutUrl).toBe(first.body.checkoutUrl);
  });

  it('leads ten parallel clicks on two replicas to one payable page', async () => {
    const { http, id } = await login();
    const clicks = Array.from({ length: 10 }, (_, click) => subscribe(http.at(stack.api(click % 2).url)));
    const answers = await Promise.all(clicks);
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(new Set(answers.map(({ body }) => body.checkoutUrl)).size).toBe(1);
    const customers = await stripe.customersOf(id);
    expect(customers).toHaveLength(1);
    expect(customers[0]?.sessions).toHaveLength(1);
  });

  it('closes the earlier page when it is asked for with other URLs', async () => {
    const { http, id } = await login();
    const first = await subscribe(http, { successUrl: 'http://localhost:3000/one' });
    const second = await subscribe(http, { successUrl: 'http://localhost:3000/two' });
    expect(second.body.checkoutUrl).not.toBe(first.body.checkoutUrl);
    const [customer] = await stripe.customersOf(id);
    const open = customer?.sessions.filter(({ status }) => status === 'open').map((session) => session.id);
    expect(open).toEqual([sessionOf(second.body.checkoutUrl)]);
  });

  it('gives a new page when the earlier one has run out', async () => {
    const { http } = await login();
    const first = await subscribe(http);
    await stripe.advance({ days: 2 });
    const second = await subscribe(http);
    expect(second.status).toBe(201);
    expect(second.body.checkoutUrl).not.toBe(first.body.checkoutUrl);
  });

  it('is refused to a subscriber', async () => {
    const { person } = await subscriber();
    const { status, body } = await subscribe(person.http);
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'already_subscribed' });
  });

  it('is refused right after paying, before any webhook', async () => {
    await stripe.deliver({ hold: true });
    const { http } = await login();
    await stripe.pay((await subscribe(http)).body.checkoutUrl);
    expect((await statusOf(http)).plan).toBe('basic');
    expect((await subscribe(http)).status).toBe(409);
    expect((await statusOf(http)).plan).toBe('pro');
  });

  it.each(['past_due', 'unpaid', 'paused', 'hibernating'])(
    'is refused beside a subscription that is %s',
    async (word) => {
      const { person, subscription } = await subscriber();
      await stripe.change(subscription, { status: word });
      expect((await subscribe(person.http)).status).toBe(409);
    },
  );

  it('is refused while the bank has not yet said whether it pays', async () => {
    await stripe.deliver({ hold: true });
    const { http, id } = await login();
    const subscription = await stripe.pay((await subscribe(http)).body.checkoutUrl);
    await stripe.change(subscription, { status: 'incomplete' });
    expect((await subscribe(http)).status).toBe(409);
    const [customer] = await stripe.customersOf(id);
    expect(customer?.subscriptions).toMatchObject([{ status: 'incomplete' }]);
  });

  it.each(['canceled', 'incomplete_expired'])('is possible again after a subscription that is %s', async (word) => {
    const { person, subscription } = await subscriber();
    await stripe.change(subscription, { status: word });
    expect((await subscribe(person.http)).status).toBe(201);
  });

  it.each([
    ['another origin', 'https://evil.example/welcome'],
    ['an origin that only begins alike', 'http://localhost:3000.evil.example/'],
    ['a user name in the form of our host', 'http://localhost:3000@evil.example/'],
    ['another scheme', 'javascript:alert(1)'],
    ['a backslash', 'http://localhost:3000\\@evil.example/'],
    ['an address in an address', 'blob:http://localhost:3000/x'],
    ['our host without slashes', 'http:localhost:3000/x'],
    ['our host by one slash', 'http:/localhost:3000/x'],
    ['our host in other letters', 'http://ｌｏｃａｌｈｏｓｔ:3000/x'],
    ['our host in capitals', 'http://LOCALHOST:3000/x'],
    ['our host after a user name', 'http://user@localhost:3000/x'],
    ['another port', 'http://localhost:3001/x'],
    ['a port that is none', 'http://localhost:99999/x'],
    ['a line break', 'http://localhost:3000/a\nb'],
    ['what is no part of a URI', 'http://localhost:3000/a|b'],
    ['no address', '/welcome'],
    ['nothing', ''],
  ])('leads no one back to %s', async (_case, url) => {
    const { http, id } = await login();
    for (const name of ['successUrl', 'cancelUrl']) {
      const { status, body } = await http.post('/subscription/subscribe/pro', { [name]: url });
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: `/${name}` }] });
    }
    expect(await stripe.customersOf(id)).toEqual([]);
  });

  it('leads back to the default addresses where a client writes null for none', async () => {
    const { http } = await login();
    const { status, body } = await subscribe(http, { interval: null, successUrl: null, cancelUrl: null });
    expect(status).toBe(201);
    expect(body.checkoutUrl).toBe((await subscribe(http)).body.checkoutUrl);
  });

  it('takes no other property', async () => {
    const { http } = await login();
    const { status, body } = await http.post('/subscription/subscribe/pro', { priceId: 'price_cheap' });
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'validation_failed' });
  });
});

describe('the portal', () => {
  it('is a page of Stripe’s, for Basic users too', async () => {
    const { http } = await login();
    const { status, body } = await http.post('/subscription/portal');
    expect(status).toBe(201);
    expect(body).toEqual({ url: expect.stringMatching(/^http/) });
  });
});
