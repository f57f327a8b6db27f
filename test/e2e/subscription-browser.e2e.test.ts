import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

const inABrowser = describeInBrowser('the story of the pages is skipped');

inABrowser('in a browser', () => {
  let stack: Stack;
  let stripe: StripeControl;
  let browser: Browser;
  let page: Page;
  let person: Person;
  let roomId: string;

  beforeAll(async () => {
    await dayWithTimeLeft(120_000);
    stack = await startStack({ env: { CHECKOUT_CANCEL_URL: 'http://localhost:3000/account' } });
    stripe = new StripeControl(stack.sandboxUrl);
    browser = await launchBrowser();
    page = await browser.newPage();
    // The app that people come back to.
    await page.route('http://localhost:3000/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<h1>Back in the app</h1>' }),
    );
    person = await signUpAndLogIn(stack.http);
    roomId = (await person.http.post<{ id: string }>('/chatroom', {})).body.id;
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  const send = async () => (await person.http.post(`/chatroom/${roomId}/message`, { content: 'Hello' })).status;
  const status = async () => (await person.http.get('/subscription/status')).body;
  const untilPlan = (plan: string) =>
    eventually(async () => {
      const now = await status();
      expect(now['plan']).toBe(plan);
      return now;
    });
  const openCheckout = async (): Promise<void> => {
    const urls = { successUrl: 'http://localhost:3000/welcome', cancelUrl: 'http://localhost:3000/pricing' };
    const { body } = await person.http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', urls);
    await page.goto(body.checkoutUrl);
  };
  const openPortal = async (): Promise<void> => {
    const { body } = await person.http.post<{ url: string }>('/subscription/portal');
    await page.goto(body.url);
  };

  it('a Basic user spends five messages and is refused the sixth', async () => {
    for (let message = 0; message < 5; message++) expect(await send()).toBe(202);
    expect(await send()).toBe(429);
  });

  it('has a card declined, leaves, and is still Basic', async () => {
    await openCheckout();
    await page.click('#decline');
    expect(await page.textContent('#error')).toBeTruthy();
    await page.click('#abandon');
    await page.waitForURL('http://localhost:3000/pricing');
    expect(await send()).toBe(429);
  });

  it('pays, comes back, and sends the sixth', async () => {
    await openCheckout();
    await page.click('#pay');
    await page.waitForURL('http://localhost:3000/welcome');
    expect(await page.textContent('h1')).toBe('Back in the app');
    await untilPlan('pro');
    expect(await send()).toBe(202);
  });

  it('can’t pay a second time', async () => {
    expect((await person.http.post('/subscription/subscribe/pro', {})).status).toBe(409);
    await page.goBack();
    expect(await page.locator('#pay').count()).toBe(0);
    const customers = await stripe.customersOf(person.id);
    expect(customers.flatMap(({ subscriptions }) => subscriptions)).toHaveLength(1);
  });

  it('cancels in the portal, and keeps Pro for the time that was paid', async () => {
    await openPortal();
    await page.click('#cancel-at-period-end');
    const now = await eventually(async () => {
      const seen = await status();
      expect(seen['cancelAtPeriodEnd']).toBe(true);
      return seen;
    });
    expect(now).toMatchObject({ plan: 'pro', status: 'active' });
    expect(await send()).toBe(202);
    await page.click('#return');
    await page.waitForURL('http://localhost:3000/account');
  });

  it('takes it back, and cancels again', async () => {
    await openPortal();
    await page.click('#resume');
    await eventually(async () => (await status())['cancelAtPeriodEnd'] === false);
    await page.click('#cancel-at-period-end');
    await eventually(async () => (await status())['cancelAtPeriodEnd'] === true);
    expect((await status())['plan']).toBe('pro');
  });

  it('is Basic when the period is over, with the messages of today spent', async () => {
    await stripe.advance({ days: 32 });
    const now = await untilPlan('basic');
    expect(now).toMatchObject({ status: 'canceled', cancelAtPeriodEnd: false, quota: { limit: 5, remaining: 0 } });
    expect(await send()).toBe(429);
  });
});
