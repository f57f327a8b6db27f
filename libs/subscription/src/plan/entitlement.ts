import { DEFAULT_PLAN, type PlanCatalogue } from '../catalogue/plan-catalogue.js';

/** What Stripe says about one subscription, as far as the plan depends on it. */
export interface StripeSubscription {
  id: string;
  /** Stripe's own word; new words may appear at any time. */
  status: string;
  /** The latest end among the subscription's items, which carry it since API version 2025-03-31. */
  currentPeriodEnd: Date | null;
  /** It will end with the current period. */
  cancelsAtPeriodEnd: boolean;
  /** Stripe's ids of the prices of its items. */
  priceIds: readonly string[];
}

/** A user's plan, and what it follows from. */
export interface Entitlement {
  /** A key of the catalogue. */
  plan: string;
  /** When a grace ends by itself; null: no such end. */
  planExpiresAt: Date | null;
  /** Stripe's word for the subscription that counts, or `none`. */
  status: string;
  stripeSubscriptionId: string | null;
  currentPeriodEnd: Date | null;
  cancelAtPeriodEnd: boolean;
}

/** What was known before: a running grace does not begin anew with every sync. */
export type KnownGrace = Pick<Entitlement, 'status' | 'stripeSubscriptionId' | 'planExpiresAt'>;

const DAY_MS = 86_400_000;

/** From the one that counts most to the one that counts least; words that we don't know stand before the ended ones. */
const RANKS = ['active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete'];
const ENDED = ['canceled', 'incomplete_expired'];

/** The subscription is over for good: only then may another one be bought. Unknown words count as running. */
export const hasEnded = (status: string): boolean => ENDED.includes(status);

/**
 * Derives the plan from all subscriptions of a customer: `active` and `trialing` lead to the plan of their price,
 * `past_due` does so for a grace that begins when it is first seen, and everything else, unknown words too, leads to the
 * default plan. A price that the catalogue doesn't have counts as the lowest paid plan, so that a new price locks no one
 * out. Of several subscriptions, and of several items of one, the highest plan counts.
 *
 * @param known what the last sync led to
 * @param graceDays how long a `past_due` subscription keeps its plan, in days
 * @param catalogue the plans from the lowest to the highest, with their prices
 */
export function entitlementOf(
  subscriptions: readonly StripeSubscription[],
  known: KnownGrace,
  now: Date,
  graceDays: number,
  catalogue: PlanCatalogue,
): Entitlement {
  const height = (plan: string): number => catalogue.plans.findIndex(({ name }) => name === plan);
  const [best] = subscriptions
    .map((subscription) => entitledBy(subscription, known, now, graceDays, catalogue))
    .sort(
      (a, b) =>
        height(b.plan) - height(a.plan) || rank(a) - rank(b) || byEnd(b.currentPeriodEnd) - byEnd(a.currentPeriodEnd),
    );
  return best ?? NO_SUBSCRIPTION;
}

/** The prices of subscriptions that have not ended which the catalogue doesn't have, each once. */
export function unknownPrices(subscriptions: readonly StripeSubscription[], catalogue: PlanCatalogue): string[] {
  const prices = subscriptions.filter(({ status }) => !hasEnded(status)).flatMap(({ priceIds }) => priceIds);
  return [...new Set(prices)].filter((price) => catalogue.planOfPrice(price) === null);
}

const NO_SUBSCRIPTION: Entitlement = {
  plan: DEFAULT_PLAN,
  planExpiresAt: null,
  status: 'none',
  stripeSubscriptionId: null,
  currentPeriodEnd: null,
  cancelAtPeriodEnd: false,
};

function entitledBy(
  subscription: StripeSubscription,
  known: KnownGrace,
  now: Date,
  graceDays: number,
  catalogue: PlanCatalogue,
): Entitlement {
  const { id, status, currentPeriodEnd, cancelsAtPeriodEnd } = subscription;
  const graceEnd = status === 'past_due' ? endOfGrace(subscription, known, now, graceDays) : null;
  const isPaid = status === 'active' || status === 'trialing' || (graceEnd !== null && graceEnd > now);
  return {
    plan: isPaid ? planSoldBy(subscription, catalogue) : DEFAULT_PLAN,
    planExpiresAt: graceEnd,
    status,
    stripeSubscriptionId: id,
    currentPeriodEnd,
    cancelAtPeriodEnd: cancelsAtPeriodEnd && !hasEnded(status),
  };
}

/** The highest plan among the prices. One that the catalogue doesn't have, and no price at all, is the lowest paid plan. */
function planSoldBy({ priceIds }: StripeSubscription, catalogue: PlanCatalogue): string {
  const lowest = catalogue.lowestPaid;
  const sold = priceIds.map((price) => (catalogue.planOfPrice(price) ?? lowest)?.name);
  return (catalogue.plans.findLast(({ name }) => sold.includes(name)) ?? lowest)?.name ?? DEFAULT_PLAN;
}

function endOfGrace({ id }: StripeSubscription, known: KnownGrace, now: Date, graceDays: number): Date {
  const running = known.status === 'past_due' && known.stripeSubscriptionId === id ? known.planExpiresAt : null;
  return running ?? new Date(now.getTime() + graceDays * DAY_MS);
}

function rank({ status }: Entitlement): number {
  const known = RANKS.indexOf(status);
  return known >= 0 ? known : RANKS.length + 1 + ENDED.indexOf(status);
}

const byEnd = (end: Date | null): number => end?.getTime() ?? 0;
