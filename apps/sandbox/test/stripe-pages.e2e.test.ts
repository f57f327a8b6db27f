import type Stripe from 'stripe';
import { StripeSandboxServer } from '../../../test/support/stripe-sandbox.js';

let sandbox: StripeSandboxServer;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await StripeSandboxServer.start();
  stripe = sandbox.sdk();
});
afterAll(() => sandbox.stop());

/** A page as a person without JavaScript has it. */
class Page {
  private constructor(
    readonly url: string,
    private readonly html: string,
  ) {}

  static async open(url: string): Promise<Page> {
    return new Page(url, await (await fetch(url)).text());
  }

  has(id: string): boolean {
    return this.html.includes(`id="${id}"`);
  }

  text(id: string): string | undefined {
    return new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(this.html)?.[1];
  }

  /** Where a link leads. */
  href(id: string): string | undefined {
    return new RegExp(`id="${id}"[^>]*href="([^"]*)"`).exec(this.html)?.[1];
  }

  /** Presses a button; gives where the person is sent. */
  async press(id: string): Promise<string> {
    const form = new RegExp(`action="([^"]*)"[^>]*>\\s*<button id="${id}"`).exec(this.html)?.[1];
    if (form === undefined) throw new Error(`There is no button ${id}`);
    const response = await fetch(new URL(form, this.url), { method: 'POST', redirect: 'manual' });
    if (response.status !== 303) throw new Error(`${form} answered ${response.status}`);
    return new URL(String(response.headers.get('location')), this.url).href;
  }
}

const newSession = async (customer: string, cancelUrl = 'http://localhost:3000/plans') =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    customer,
    line_items: [{ price: 'price_pro', quantity: 1 }],
    success_url: 'http://localhost:3000/done?id={CHECKOUT_SESSION_ID}&a=1',
    cancel_url: cancelUrl,
  });

const statusOf = async (customer: string) =>
  (await stripe.subscriptions.list({ customer, status: 'all' })).data[0]?.status;

describe('the pay page', () => {
  it('takes payment once, and sends the person back', async () => {
    const { id: customer } = await stripe.customers.create({});
    const session = await newSession(customer);
    const page = await Page.open(String(session.url));
    expect(page.text('amount')).toBe('$20.00');
    await expect(page.press('pay')).resolves.toBe(`http://localhost:3000/done?id=${session.id}&a=1`);
    await expect(statusOf(customer)).resolves.toBe('active');

    const secondTab = await page.press('pay');
    const closed = await Page.open(secondTab);
    expect(closed.has('pay')).toBe(false);
    expect(closed.text('notice')).toContain('already paid');
    expect(closed.href('return')).toContain(session.id);
    await expect(stripe.subscriptions.list({ customer })).resolves.toMatchObject({ data: [{ customer }] });
  });

  it('stays open when the card is declined, or the person leaves', async () => {
    const { id: customer } = await stripe.customers.create({});
    const session = await newSession(customer);
    const page = await Page.open(String(session.url));
    const declined = await Page.open(await page.press('decline'));
    expect(declined.text('error')).toContain('declined');
    expect(declined.href('abandon')).toBe('http://localhost:3000/plans');
    await expect(stripe.checkout.sessions.retrieve(session.id)).resolves.toMatchObject({ status: 'open' });
    await declined.press('pay');
    await expect(statusOf(customer)).resolves.toBe('active');
  });

  it('is closed once the session was expired or the customer was deleted', async () => {
    const { id: customer } = await stripe.customers.create({});
    const [expired, orphaned] = [await newSession(customer), await newSession(customer)];
    await stripe.checkout.sessions.expire(expired.id);
    await stripe.customers.del(customer);
    for (const { url } of [expired, orphaned]) {
      const page = await Page.open(String(url));
      expect(page.has('pay')).toBe(false);
      expect(page.href('return')).toBe('http://localhost:3000/plans');
    }
  });

  it('writes what the shop says as text', async () => {
    const { id: customer } = await stripe.customers.create({});
    const session = await newSession(customer, 'http://localhost:3000/"><script>alert(1)</script>');
    const html = await (await fetch(String(session.url))).text();
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;');
  });
});

describe('the portal', () => {
  const subscriber = async () => {
    const { id: customer } = await stripe.customers.create({});
    const { subscription } = await sandbox.pay((await newSession(customer)).id);
    const { url } = await stripe.billingPortal.sessions.create({
      customer,
      return_url: 'http://localhost:3000/account',
    });
    return { customer, subscription, portal: url };
  };

  it('cancels when the period ends, as the flexible billing mode has it', async () => {
    const { subscription, portal } = await subscriber();
    const after = await Page.open(await (await Page.open(portal)).press('cancel-at-period-end'));
    expect(after.text('subscription-status')).toBe('active');
    expect(after.text('subscription-end')).toMatch(/^Ends on/);
    const scheduled = await stripe.subscriptions.retrieve(subscription);
    expect(scheduled.cancel_at_period_end).toBe(false);
    expect(scheduled.cancel_at).toBe(scheduled.items.data[0]?.current_period_end);

    await after.press('resume');
    await expect(stripe.subscriptions.retrieve(subscription)).resolves.toMatchObject({
      status: 'active',
      cancel_at: null,
    });
  });

  it('cancels when the period ends, as the classic billing mode has it', async () => {
    await sandbox.control('PATCH', '/settings', { billingMode: 'classic' });
    const { subscription, portal } = await subscriber();
    await (await Page.open(portal)).press('cancel-at-period-end');
    await expect(stripe.subscriptions.retrieve(subscription)).resolves.toMatchObject({ cancel_at_period_end: true });
    await sandbox.control('PATCH', '/settings', { billingMode: 'flexible' });
  });

  it('cancels now, and has nothing to cancel afterwards', async () => {
    const { customer, portal } = await subscriber();
    const after = await Page.open(await (await Page.open(portal)).press('cancel-now'));
    await expect(statusOf(customer)).resolves.toBe('canceled');
    expect(after.text('subscription-status')).toBe('canceled');
    expect(after.has('cancel-now')).toBe(false);
    expect(after.href('return')).toBe('http://localhost:3000/account');
  });

  it('pays what is owed with another card', async () => {
    const { customer, subscription } = await subscriber();
    await sandbox.control('PUT', `/customers/${customer}/card`, { outcome: 'declines' });
    const { items } = await stripe.subscriptions.retrieve(subscription);
    await sandbox.advance({ to: Number(items.data[0]?.current_period_end) + 3600 });
    await expect(statusOf(customer)).resolves.toBe('past_due');
    const { url } = await stripe.billingPortal.sessions.create({ customer });
    await (await Page.open(url)).press('update-card');
    await expect(statusOf(customer)).resolves.toBe('active');
    const { invoices } = await sandbox.control<{ invoices: { status: string }[] }>('GET', `/customers/${customer}`);
    expect(invoices.map(({ status }) => status)).toEqual(['paid', 'paid']);
  });

  it('lists invoices, and several subscriptions each with buttons of its own', async () => {
    const { customer, portal, subscription } = await subscriber();
    const second = await sandbox.pay((await newSession(customer)).id);
    const page = await Page.open(portal);
    expect(page.has('invoices')).toBe(true);
    await page.press(`cancel-now-${subscription}`);
    await expect(stripe.subscriptions.list({ customer })).resolves.toMatchObject({
      data: [{ id: second.subscription }],
    });
  });

  it('is a link for an hour, and for one customer only', async () => {
    const [one, other] = [await subscriber(), await subscriber()];
    const foreign = await fetch(`${one.portal}/cancel-now/${other.subscription}`, {
      method: 'POST',
      redirect: 'manual',
    });
    expect(foreign.status).toBe(404);
    await sandbox.advance({ seconds: 3600 });
    const page = await Page.open(one.portal);
    expect(page.text('notice')).toContain('expired');
    const late = await fetch(`${one.portal}/cancel-now/${one.subscription}`, { method: 'POST', redirect: 'manual' });
    expect(late.status).toBe(400);
  });
});
