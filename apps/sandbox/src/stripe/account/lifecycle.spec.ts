import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import fc from 'fast-check';
import { readSandboxConfig } from '../../sandbox.config.js';
import { SandboxModule } from '../../sandbox.module.js';
import { ForcedStatus } from '../control/forced-status.js';
import { StripeSandbox } from '../control/stripe-sandbox.js';
import { wireSubscription } from '../wire/subscription.wire.js';
import { Billing, PLAIN_TERMS } from './billing.js';
import { Customers } from './customers.js';
import type { CardOutcome, CustomerRecord, EventRecord, SubscriptionRecord } from './records.js';
import type { Settings } from './settings.js';
import { known, StripeState } from './stripe-state.js';
import { hasEnded, Subscriptions } from './subscriptions.js';
import { TestClock } from './test-clock.js';
import { Timekeeper } from './timekeeper.js';

const DAY = 86_400;
const HOUR = 3600;
const LAST_OF_JANUARY = Date.UTC(2037, 0, 31, 12) / 1000;

const config = readSandboxConfig({ NODE_ENV: 'test' });
const app = await Test.createTestingModule({ imports: [SandboxModule.forRoot(config)] }).compile();
const [state, clock, time] = [app.get(StripeState), app.get(TestClock), app.get(Timekeeper)];
const [customers, subscriptions, billing] = [app.get(Customers), app.get(Subscriptions), app.get(Billing)];
const sandbox = app.get(StripeSandbox);

beforeEach(() => {
  sandbox.reset();
  clock.moveTo(LAST_OF_JANUARY);
});

const customerWith = (outcome: CardOutcome): CustomerRecord => {
  const customer = customers.create({});
  customers.giveCard(customer, outcome);
  return customer;
};

const start = (customer: CustomerRecord): SubscriptionRecord =>
  billing.start({ ...PLAIN_TERMS, customer: customer.id, price: 'price_pro' });

const set = (settings: Partial<Settings>) => Object.assign(state.settings, settings);
const events = () => [...state.events.values()];
/** The types of the events until that instant. */
const typesUntil = (instant: number): string[] => {
  const before = state.events.size;
  time.advanceTo(instant);
  return events()
    .slice(before)
    .map(({ type }) => type);
};
const day = (instant: number) => new Date(instant * 1000).toISOString().slice(0, 10);

describe('a subscription', () => {
  it('renews month after month on the day on which it began, or the last one of a shorter month', () => {
    const subscription = start(customerWith('succeeds'));
    const ends = [1, 2, 3, 4].map(() => {
      const end = subscription.periodEnd;
      time.advanceTo(end);
      expect(subscription.periodStart).toBe(end);
      return day(end);
    });
    expect(ends).toEqual(['2037-02-28', '2037-03-31', '2037-04-30', '2037-05-31']);
    expect(subscription.status).toBe('active');
  });

  it('is billed for the new period an hour after it has begun', () => {
    const subscription = start(customerWith('succeeds'));
    const renewal = subscription.periodEnd;
    expect(typesUntil(renewal)).toEqual(['invoice.created', 'customer.subscription.updated']);
    expect(typesUntil(renewal + HOUR)).toEqual([
      'invoice.finalized',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
    ]);
    expect(state.invoicesOf(subscription.id).map(({ status }) => status)).toEqual(['paid', 'paid']);
  });

  it('is past due from the first failed charge, is tried again after 3, 5 and 7 days, and then canceled', () => {
    const customer = customerWith('succeeds');
    const subscription = start(customer);
    customers.giveCard(customer, 'declines');
    const failed = subscription.periodEnd + HOUR;
    time.advanceTo(failed);
    expect(subscription).toMatchObject({ status: 'past_due', pastDueSince: failed });
    const [, invoice] = state.invoicesOf(subscription.id);
    expect(invoice).toMatchObject({ status: 'open', attempts: 1, nextAttempt: failed + 3 * DAY });
    time.advanceTo(failed + 8 * DAY);
    expect(invoice).toMatchObject({ attempts: 3, nextAttempt: failed + 15 * DAY });
    expect(subscription).toMatchObject({ status: 'past_due', pastDueSince: failed });
    expect(typesUntil(failed + 15 * DAY)).toContain('customer.subscription.deleted');
    expect(subscription).toMatchObject({ status: 'canceled', cancellationReason: 'payment_failed' });
  });

  it.each(['unpaid', 'past_due'] as const)('ends up %s instead, when the account is set so', (afterRetries) => {
    set({ afterRetries, retryDays: [1] });
    const customer = customerWith('succeeds');
    const subscription = start(customer);
    customers.giveCard(customer, 'declines');
    time.advanceTo(subscription.periodEnd + HOUR + DAY);
    expect(subscription.status).toBe(afterRetries);
  });

  it('is active again as soon as a retry succeeds', () => {
    const customer = customerWith('succeeds');
    const subscription = start(customer);
    customers.giveCard(customer, 'declines');
    const failed = subscription.periodEnd + HOUR;
    time.advanceTo(failed);
    customers.giveCard(customer, 'succeeds');
    expect(typesUntil(failed + 3 * DAY)).toContain('customer.subscription.updated');
    expect(subscription).toMatchObject({ status: 'active', pastDueSince: null });
  });

  it('gives notice three days before its trial ends, and is then billed', () => {
    const subscription = start(customerWith('succeeds'));
    app.get(ForcedStatus).force(subscription, 'trialing');
    const { trialEnd } = subscription;
    expect(trialEnd).toBe(subscription.periodEnd);
    expect(typesUntil(Number(trialEnd) - 3 * DAY)).toEqual(['customer.subscription.trial_will_end']);
    time.advanceTo(Number(trialEnd) + HOUR);
    expect(subscription.status).toBe('active');
    expect(state.invoicesOf(subscription.id).map(({ status }) => status)).toEqual(['paid', 'paid']);
  });

  it('begins with a trial that costs nothing, and is billed from its end on', () => {
    const customer = customerWith('succeeds');
    const subscription = billing.start({ ...PLAIN_TERMS, customer: customer.id, price: 'price_pro', trialDays: 14 });
    const trialEnd = LAST_OF_JANUARY + 14 * DAY;
    expect(subscription).toMatchObject({ status: 'trialing', trialEnd, periodEnd: trialEnd });
    expect(state.invoicesOf(subscription.id)).toMatchObject([{ status: 'paid', amount: 0, payment: null }]);
    time.advanceTo(trialEnd + HOUR);
    expect(subscription.status).toBe('active');
    expect(day(subscription.periodEnd)).toBe('2037-03-14');
    expect(state.invoicesOf(subscription.id)).toMatchObject([{}, { status: 'paid', amount: 2000 }]);
  });

  it('changes its price within the period, or begins another one with another interval', () => {
    const yearly = state.addPrice(
      { id: 'price_year', interval: 'year', product: 'prod_pro', name: 'Pro', unitAmount: 20_000 },
      clock.now(),
    );
    const other = state.addPrice({ ...yearly, id: 'price_other', interval: 'month', name: 'Other' }, clock.now());
    const subscription = start(customerWith('succeeds'));
    const { periodEnd } = subscription;
    clock.moveTo(clock.now() + 10 * DAY);
    billing.switchPrice(subscription, other);
    expect(subscription).toMatchObject({ price: 'price_other', periodEnd, status: 'active' });
    expect(state.invoicesOf(subscription.id)).toHaveLength(1);
    billing.switchPrice(subscription, yearly);
    expect(day(subscription.periodEnd)).toBe('2038-02-10');
    expect(state.invoicesOf(subscription.id)).toMatchObject([
      { price: 'price_pro' },
      { price: 'price_year', amount: 20_000, status: 'paid', billingReason: 'subscription_update' },
    ]);
  });

  it('is past due after a trial without a card', () => {
    const subscription = start(customers.create({}));
    app.get(ForcedStatus).force(subscription, 'trialing');
    time.advanceTo(Number(subscription.trialEnd) + HOUR);
    expect(subscription.status).toBe('past_due');
  });

  it('ends with its period when that was scheduled, and no invoice follows', () => {
    const subscription = start(customerWith('succeeds'));
    subscriptions.scheduleCancellation(subscription, subscription.periodEnd, true);
    expect(typesUntil(subscription.periodEnd)).toEqual(['customer.subscription.deleted']);
    expect(typesUntil(subscription.periodEnd + 90 * DAY)).toEqual([]);
    expect(subscription).toMatchObject({ canceledAt: subscription.created, endedAt: subscription.periodEnd });
  });

  it('does all in between in the order of time, when the clock jumps', () => {
    const customer = customerWith('succeeds');
    for (let subscriptions = 0; subscriptions < 3; subscriptions += 1) {
      start(customer);
      clock.moveTo(clock.now() + 5 * DAY);
    }
    time.advanceTo(LAST_OF_JANUARY + 100 * DAY);
    const times = events().map(({ created }) => created);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(events().filter(({ type }) => type === 'invoice.paid')).toHaveLength(3 * (1 + 3));
  });
});

describe('any life of a subscription', () => {
  const statuses = ['active', 'past_due', 'unpaid', 'paused', 'canceled', 'incomplete_expired', 'trialing', 'frozen'];
  const step = fc.oneof(
    fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 24 * 50 }) }),
    fc.record({ do: fc.constant('card' as const), outcome: fc.constantFrom<CardOutcome[]>('succeeds', 'declines') }),
    fc.record({ do: fc.constant('force' as const), status: fc.constantFrom(...statuses) }),
    fc.record({ do: fc.constant('switch' as const), price: fc.constantFrom('price_pro', 'price_year') }),
    fc.record({
      do: fc.constantFrom('schedule' as const, 'keep' as const, 'replaceCard' as const, 'cancel' as const),
    }),
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  const live = (customer: CustomerRecord, subscription: SubscriptionRecord, next: Step): void => {
    if (next.do === 'wait') return time.advanceTo(clock.now() + next.hours * HOUR);
    if (next.do === 'card') return customers.giveCard(customer, next.outcome);
    if (next.do === 'replaceCard') return customers.replaceCard(customer);
    if (hasEnded(subscription)) return;
    if (next.do === 'force') return app.get(ForcedStatus).force(subscription, next.status);
    if (next.do === 'switch') return billing.switchPrice(subscription, known(state.prices, next.price));
    if (next.do === 'cancel') return subscriptions.cancel(subscription, 'cancellation_requested');
    if (next.do === 'keep') return subscriptions.keep(subscription);
    subscriptions.scheduleCancellation(subscription, Math.max(subscription.periodEnd, clock.now()), true);
  };

  const ofSubscription = ({ type }: EventRecord) => type.startsWith('customer.subscription.');

  it('is complete in its events: the last one has the current state', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), fc.boolean(), (steps, hasTrial) => {
        sandbox.reset();
        const yearly = {
          id: 'price_year',
          interval: 'year',
          product: 'prod_pro',
          name: 'Pro',
          unitAmount: 20_000,
        } as const;
        state.addPrice(yearly, clock.now());
        const customer = customerWith('succeeds');
        const subscription = start(customer);
        if (hasTrial) app.get(ForcedStatus).force(subscription, 'trialing');
        for (const next of steps) live(customer, subscription, next);

        const ofIt = events().filter(ofSubscription);
        expect(ofIt.at(-1)?.object).toEqual(wireSubscription(state, subscription));
        const deletions = ofIt.filter(({ type }) => type === 'customer.subscription.deleted');
        expect(deletions).toHaveLength(subscription.status === 'canceled' ? 1 : 0);
        const ended = ofIt.findIndex(({ object }) => object['ended_at'] !== null);
        expect(ofIt.slice(ended < 0 ? ofIt.length : ended + 1)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
