import fc from 'fast-check';
import { DEFAULT_PLAN, type Plan, PlanCatalogue } from '../catalogue/plan-catalogue.js';
import {
  type Entitlement,
  entitlementOf,
  hasEnded,
  type KnownGrace,
  type StripeSubscription,
  unknownPrices,
} from './entitlement.js';

const NOW = new Date('2026-11-23T12:00:00Z');
const GRACE_DAYS = 7;
const days = (count: number): Date => new Date(NOW.getTime() + count * 86_400_000);

/** The ids of a plan's prices. */
type PriceIds = { month?: string; year?: string };

/** A catalogue: Basic, and the paid plans from the lowest upwards with the ids of their prices. */
function planCatalogue(paid: Record<string, PriceIds>): PlanCatalogue {
  const plans = Object.entries(paid).map(([name, prices]) => plan(name, prices));
  return new PlanCatalogue(
    [plan(DEFAULT_PLAN, {}), ...plans],
    [{ name: 'model', label: 'Model', files: [], usdPerMillion: null, usdPerThousandSearches: null }],
  );
}

function plan(name: string, ids: PriceIds): Plan {
  const prices = Object.entries(ids).map(([interval, id]) => [
    interval,
    { id, trialDays: 0, promotionCodes: true, automaticTax: false },
  ]);
  return {
    name,
    label: name,
    dailyMessages: null,
    models: ['model'],
    defaultModel: 'model',
    concurrentReplies: 1,
    maxOutputTokens: 1_000,
    historyTokens: 1_000,
    maxChatrooms: 10,
    maxMessageCharacters: 1_000,
    maxFileBytes: 1_000,
    fileBytesStored: 1_000,
    filesPerMessage: 1,
    prices: Object.fromEntries(prices) as Plan['prices'],
  };
}

const CATALOGUE = planCatalogue({
  pro: { month: 'price_pro', year: 'price_pro_year' },
  team: { year: 'price_team_year' },
});

const NOTHING_KNOWN: KnownGrace = { status: 'none', stripeSubscriptionId: null, planExpiresAt: null };

const subscription = (status: string, changes: Partial<StripeSubscription> = {}): StripeSubscription => ({
  id: `sub_${status}`,
  status,
  currentPeriodEnd: days(20),
  cancelsAtPeriodEnd: false,
  priceIds: ['price_pro'],
  ...changes,
});

const entitlement = (subscriptions: StripeSubscription[], known = NOTHING_KNOWN, catalogue = CATALOGUE): Entitlement =>
  entitlementOf(subscriptions, known, NOW, GRACE_DAYS, catalogue);

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
    expect(entitlementOf([subscription('past_due')], NOTHING_KNOWN, NOW, 0, CATALOGUE).plan).toBe('basic');
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

  it.each([
    [['price_pro'], 'pro'],
    [['price_pro_year'], 'pro'],
    [['price_team_year'], 'team'],
    [['price_of_last_year'], 'pro'],
    [[], 'pro'],
    [['price_pro', 'price_team_year'], 'team'],
    [['price_team_year', 'price_of_last_year'], 'team'],
  ])('leads from the prices %j to the plan %s', (priceIds, plan) => {
    expect(entitlement([subscription('active', { priceIds })]).plan).toBe(plan);
    expect(entitlement([subscription('trialing', { priceIds })]).plan).toBe(plan);
    expect(entitlement([subscription('past_due', { priceIds })]).plan).toBe(plan);
    expect(entitlement([subscription('unpaid', { priceIds })]).plan).toBe('basic');
  });

  it('prefers the higher plan to the better status', () => {
    const team = subscription('past_due', { priceIds: ['price_team_year'] });
    expect(entitlement([subscription('active'), team])).toMatchObject({ plan: 'team', status: 'past_due' });
  });

  it('is the only plan there is, where nothing is sold', () => {
    expect(entitlement([subscription('active')], NOTHING_KNOWN, planCatalogue({})).plan).toBe('basic');
  });

  const anySubscription = fc.record({
    id: fc.uuid(),
    status: fc.oneof(
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
    ),
    currentPeriodEnd: fc.option(fc.date({ noInvalidDate: true })),
    cancelsAtPeriodEnd: fc.boolean(),
    priceIds: fc.array(
      fc.oneof(fc.constantFrom('price_pro', 'price_pro_year', 'price_team_year', 'price_chief'), fc.string()),
      { maxLength: 3 },
    ),
  });

  it('makes a customer what the highest price that counts says, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(anySubscription), (all) => {
        const counting = all.filter((one) => ['active', 'trialing', 'past_due'].includes(one.status));
        const isTeam = counting.some(({ priceIds }) => priceIds.includes('price_team_year'));
        const plan = isTeam ? 'team' : counting.length > 0 ? 'pro' : 'basic';
        expect(entitlement(all).plan).toBe(plan);
        expect(entitlement(all.toReversed()).plan).toBe(plan);
      }),
    );
  });

  it('takes nothing away when a price or a subscription comes on top', () => {
    const catalogue = planCatalogue({
      pro: { month: 'price_pro' },
      team: { month: 'price_team_year' },
      chief: { month: 'price_chief' },
    });
    const height = (all: StripeSubscription[]): number =>
      catalogue.plans.findIndex(({ name }) => name === entitlement(all, NOTHING_KNOWN, catalogue).plan);
    fc.assert(
      fc.property(fc.array(anySubscription), anySubscription, fc.string(), (all, another, price) => {
        expect(height([...all, another])).toBeGreaterThanOrEqual(height(all));
        const more = all.map((one) => ({ ...one, priceIds: [...one.priceIds, price] }));
        expect(height(more)).toBeGreaterThanOrEqual(height(all));
      }),
    );
  });
});

describe('unknownPrices', () => {
  it('names each once, of subscriptions that have not ended', () => {
    const prices = (status: string, ...priceIds: string[]) => subscription(status, { priceIds });
    const all = [
      prices('active', 'price_pro', 'price_x'),
      prices('unpaid', 'price_x', 'price_y'),
      prices('canceled', 'z'),
    ];
    expect(unknownPrices(all, CATALOGUE)).toEqual(['price_x', 'price_y']);
  });
});

describe('hasEnded', () => {
  it.each(['canceled', 'incomplete_expired'])('is true of %s', (status) => expect(hasEnded(status)).toBe(true));
  it.each(['active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete', 'hibernating', ''])(
    'is false of %p',
    (status) => expect(hasEnded(status)).toBe(false),
  );
});
