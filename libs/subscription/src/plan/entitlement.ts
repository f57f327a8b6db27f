import { DEFAULT_PLAN } from '../catalogue/plan-catalogue.js';

const PAID_PLAN = 'pro';
const PLANS = [DEFAULT_PLAN, PAID_PLAN];

/** What Stripe says about one subscription, as far as the plan depends on it. */
export interface StripeSubscription {
  id: string;
  /** Stripe's own word; new words may appear at any time. */
  status: string;
  /** The latest end among the subscription's items, which carry it since API version 2025-03-31. */
  currentPeriodEnd: Date | null;
  /** It will end with the current period. */
  cancelsAtPeriodEnd: boolean;
}

/** A user's plan, and what it follows from. */
export interface Entitlement {
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
 * Derives the plan from all subscriptions of a customer: `active` and `trialing` are Pro, `past_due` is Pro for a grace
 * that begins when it is first seen, and everything else, unknown words too, is Basic. Of several subscriptions the
 * best one counts. Which price they have makes no difference, so a new price locks no one out.
 *
 * @param known what the last sync led to
 * @param graceDays how long a `past_due` subscription stays Pro, in days
 */
export function entitlementOf(
  subscriptions: readonly StripeSubscription[],
  known: KnownGrace,
  now: Date,
  graceDays: number,
): Entitlement {
  const [best] = subscriptions
    .map((subscription) => entitledBy(subscription, known, now, graceDays))
    .sort((a, b) => rank(a) - rank(b) || byEnd(b.currentPeriodEnd) - byEnd(a.currentPeriodEnd));
  return best ?? NO_SUBSCRIPTION;
}

const NO_SUBSCRIPTION: Entitlement = {
  plan: DEFAULT_PLAN,
  planExpiresAt: null,
  status: 'none',
  stripeSubscriptionId: null,
  currentPeriodEnd: null,
  cancelAtPeriodEnd: false,
};

function entitledBy(subscription: StripeSubscription, known: KnownGrace, now: Date, graceDays: number): Entitlement {
  const { id, status, currentPeriodEnd, cancelsAtPeriodEnd } = subscription;
  const graceEnd = status === 'past_due' ? endOfGrace(subscription, known, now, graceDays) : null;
  const isPaid = status === 'active' || status === 'trialing' || (graceEnd !== null && graceEnd > now);
  return {
    plan: isPaid ? PAID_PLAN : DEFAULT_PLAN,
    planExpiresAt: graceEnd,
    status,
    stripeSubscriptionId: id,
    currentPeriodEnd,
    cancelAtPeriodEnd: cancelsAtPeriodEnd && !hasEnded(status),
  };
}

function endOfGrace({ id }: StripeSubscription, known: KnownGrace, now: Date, graceDays: number): Date {
  const running = known.status === 'past_due' && known.stripeSubscriptionId === id ? known.planExpiresAt : null;
  return running ?? new Date(now.getTime() + graceDays * DAY_MS);
}

/** By plan, the highest first, then by status. */
function rank({ plan, status }: Entitlement): number {
  const known = RANKS.indexOf(status);
  const byStatus = known >= 0 ? known : RANKS.length + 1 + ENDED.indexOf(status);
  return byStatus - 100 * PLANS.indexOf(plan);
}

const byEnd = (end: Date | null): number => end?.getTime() ?? 0;
