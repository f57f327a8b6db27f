import type Stripe from 'stripe';
import { Page } from '../../../test/support/http/page.js';
import { plansFile } from '../../../test/support/plans-file.js';
import { StripeSandboxServer } from '../../../test/support/stripe-sandbox.js';

let sandbox: StripeSandboxServer;
let stripe: Stripe;

beforeAll(async () => {
  const PLANS_FILE = plansFile(({ plans }) => {
    plans.pro.prices = { month: { id: 'price_pro' }, year: { id: 'price_pro_year' } };
    plans['team'] = { ...plans.pro, label: 'Team', prices: { month: { id: 'price_team' } } };
  });
  sandbox = await StripeSandboxServer.start({ PLANS_FILE });
  stripe = sandbox.sdk();
});
afterAll(() => sandbox?.stop());

const newSession = async (
  customer: string,
  cancelUrl = 'http://localhost:3000/plans',
  terms: Partial<Stripe.Checkout.SessionCreateParams> = {},
) =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    customer,
    line_items: [{ price: 'price_pro', quantity: 1 }],
    success_url: 'http://localhost:3000/done?id={CHECKOUT_SESSION_ID}&a=1',
    cancel_url: cancelUrl,
    ...terms,
  });

/** An open session on such terms. */
const sessionOn = async (terms: Partial<Stripe.Checkout.SessionCreateParams>) => {
  const { id: customer } = await stripe.customers.create({});
  return { customer, session: await newSession(customer, undefined, terms) };
};

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

  it('sells by the year, what the file of plans has', async () => {
    const { customer, session } = await sessionOn({ line_items: [{ price: 'price_pro_year', quantity: 1 }] });
    const page = await Page.open(String(session.url));
    expect(page.text('amount')).toBe('$200.00');
    expect(page.html).toContain('per year');
    await page.press('pay');
    const [subscription] = (await stripe.subscriptions.list({ customer })).data;
    const [item] = subscription?.items.data ?? [];
    expect(item?.price.recurring).toMatchObject({ interval: 'year' });
    const days = (Number(item?.current_period_end) - Number(item?.current_period_start)) / 86_400;
    expect([365, 366]).toContain(days);
  });

  it('begins a trial for nothing', async () => {
    const { customer, session } = await sessionOn({ subscription_data: { trial_period_days: 14 } });
    expect(session.amount_total).toBe(0);
    const page = await Page.open(String(session.url));
    expect(page.text('trial')).toMatch(/^14 days/);
    await page.press('pay');
    const [subscription] = (await stripe.subscriptions.list({ customer })).data;
    expect(subscription?.status).toBe('trialing');
    expect(Number(subscription?.trial_end) - Number(subscription?.trial_start)).toBe(14 * 86_400);
    expect(subscription?.items.data[0]?.current_period_end).toBe(subscription?.trial_end);
    await expect(stripe.checkout.sessions.retrieve(session.id)).resolves.toMatchObject({
      payment_status: 'no_payment_required',
    });
  });

  it('takes a promotion code where the shop allows it', async () => {
    const without = await sessionOn({});
    expect((await Page.open(String(without.session.url))).has('promotion-code')).toBe(false);
    const { session } = await sessionOn({ allow_promotion_codes: true });
    const page = await Page.open(String(session.url));
    const refused = await Page.open(await page.press('apply-code', { code: 'SESAME' }));
    expect(refused.text('error')).toContain('invalid');
    const applied = await Page.open(await refused.press('apply-code', { code: 'half' }));
    expect(applied.text('discount')).toContain('$10.00');
    await applied.press('pay');
    const paid = await stripe.checkout.sessions.retrieve(session.id);
    expect(paid).toMatchObject({ amount_total: 1000, total_details: { amount_discount: 1000 } });
    await expect(stripe.invoices.retrieve(paid.invoice as string)).resolves.toMatchObject({
      amount_paid: 1000,
      subtotal: 2000,
    });
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

  it('changes the plan, and leads back', async () => {
    const { subscription, portal } = await subscriber();
    const priceOf = async () => (await stripe.subscriptions.retrieve(subscription)).items.data[0]?.price.id;
    const after = await Page.open(await (await Page.open(portal)).press('switch-to-price_team'));
    await expect(priceOf()).resolves.toBe('price_team');
    expect(after.has('switch-to-price_team')).toBe(false);
    await after.press('switch-to-price_pro_year');
    await expect(priceOf()).resolves.toBe('price_pro_year');
    const { data } = await stripe.events.list({ types: ['customer.subscription.updated'], limit: 1 });
    expect(data[0]?.data.previous_attributes).toHaveProperty('items');
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
