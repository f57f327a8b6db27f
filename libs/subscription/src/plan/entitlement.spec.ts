import fc from 'fast-check';
import { type Entitlement, entitlementOf, hasEnded, type KnownGrace, type StripeSubscription } from './entitlement.js';

const NOW = new Date('2026-11-23T12:00:00Z');
const GRACE_DAYS = 7;
const days = (count: number): Date => new Date(NOW.getTime() + count * 86_400_000);

const NOTHING_KNOWN: KnownGrace = { status: 'none', stripeSubscriptionId: null, planExpiresAt: null };

const subscription = (status: string, changes: Partial<StripeSubscription> = {}): StripeSubscription => ({
  id: `sub_${status}`,
  status,
  currentPeriodEnd: days(20),
  cancelsAtPeriodEnd: false,
  ...changes,
});

const entitlement = (subscriptions: StripeSubscription[], known = NOTHING_KNOWN): Entitlement =>
  entitlementOf(subscriptions, known, NOW, GRACE_DAYS);

describe('entitlementOf', () => {
  it.each([
    ['active', 'pro', null],
    ['trialing', 'pro', null],
    ['past_due', 'pro', days(GRACE_DAYS)],
    ['unpaid', 'basic', null],
    ['paused', 'basic', null],
    ['incomplete', 'basic', null],
    ['incomplete_expired', 'basic', null],
    ['canceled', 'basic', null],
    ['hibernating', 'basic', null],
    ['ACTIVE', 'basic', null],
    ['', 'basic', null],
  ])('makes %p %s', (status, plan, planExpiresAt) => {
    expect(entitlement([subscription(status)])).toMatchObject({ status, plan, planExpiresAt });
  });

  it('makes a customer without subscriptions Basic', () => {
    expect(entitlement([])).toEqual({
      plan: 'basic',
      planExpiresAt: null,
      status: 'none',
      stripeSubscriptionId: null,
      currentPeriodEnd: null,
      cancelAtPeriodEnd: false,
    });
  });

  it('does not begin a running grace anew', () => {
    const known = { status: 'past_due', stripeSubscriptionId: 'sub_past_due', planExpiresAt: days(2) };
    expect(entitlement([subscription('past_due')], known)).toMatchObject({ plan: 'pro', planExpiresAt: days(2) });
  });

  it('ends a grace for good', () => {
    const known = { status: 'past_due', stripeSubscriptionId: 'sub_past_due', planExpiresAt: days(-1) };
    expect(entitlement([subscription('past_due')], known)).toMatchObject({ plan: 'basic', planExpiresAt: days(-1) });
  });

  it.each([
    [
      'the payment had come through in between',
      { status: 'active', stripeSubscriptionId: 'sub_past_due', planExpiresAt: null },
    ],
    [
      'it belonged to another subscription',
      { status: 'past_due', stripeSubscriptionId: 'sub_old', planExpiresAt: days(-1) },
    ],
  ])('begins a new grace when %s', (_case, known) => {
    expect(entitlement([subscription('past_due')], known)).toMatchObject({ plan: 'pro', planExpiresAt: days(7) });
  });

  it('knows no grace when there are no days of it', () => {
    expect(entitlementOf([subscription('past_due')], NOTHING_KNOWN, NOW, 0).plan).toBe('basic');
  });

  it('prefers a running subscription to a grace that is over', () => {
    const known = { status: 'past_due', stripeSubscriptionId: 'sub_past_due', planExpiresAt: days(-1) };
    expect(entitlement([subscription('past_due'), subscription('trialing')], known).status).toBe('trialing');
  });

  it('prefers, of two that are alike, the one that lasts longer', () => {
    const short = subscription('active', { id: 'sub_short', currentPeriodEnd: days(1) });
    const long = subscription('active', { id: 'sub_long', currentPeriodEnd: days(9) });
    expect(entitlement([short, long]).stripeSubscriptionId).toBe('sub_long');
  });

  it('says that a subscription will end only as long as it runs', () => {
    const ending = { cancelsAtPeriodEnd: true };
    expect(entitlement([subscription('active', ending)]).cancelAtPeriodEnd).toBe(true);
    expect(entitlement([subscription('canceled', ending)]).cancelAtPeriodEnd).toBe(false);
  });

  it('makes a customer Pro exactly when one of the subscriptions does, in whatever order they come', () => {
    const status = fc.oneof(
      fc.constantFrom(
        'active',
        'trialing',
        'past_due',
        'unpaid',
        'paused',
        'incomplete',
        'incomplete_expired',
        'canceled',
      ),
      fc.string(),
    );
    const subscriptions = fc.array(
      fc.record({
        id: fc.uuid(),
        status,
        currentPeriodEnd: fc.option(fc.date({ noInvalidDate: true })),
        cancelsAtPeriodEnd: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(subscriptions, (all) => {
        const pro = all.some((one) => ['active', 'trialing', 'past_due'].includes(one.status));
        expect(entitlement(all).plan).toBe(pro ? 'pro' : 'basic');
        expect(entitlement(all.toReversed()).plan).toBe(pro ? 'pro' : 'basic');
      }),
    );
  });
});

describe('hasEnded', () => {
  it.each(['canceled', 'incomplete_expired'])('is true of %s', (status) => expect(hasEnded(status)).toBe(true));
  it.each(['active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete', 'hibernating', ''])(
    'is false of %p',
    (status) => expect(hasEnded(status)).toBe(false),
  );
});
