import { type Entitlement, hasEnded } from '../plan/entitlement.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A running subscription is synchronised this often, even without events. */
const ROUTINE_MS = 12 * HOUR_MS;
/** Stripe acts on the end of a period within minutes. */
const AFTER_PERIOD_MS = 2 * MINUTE_MS;
/** Stripe lets a checkout session run out after 24 hours. */
const CHECKOUT_MS = 25 * HOUR_MS;

/**
 * When to synchronise a customer next should no event come: while a checkout may be paid, first soon and then at growing
 * intervals; at the moments at which the plan is due to change; and regularly while a subscription runs.
 *
 * @param checkoutSince when the checkout that may be paid was begun
 * @returns null when nothing is expected to change
 */
export function nextSyncAt(entitlement: Entitlement, checkoutSince: Date | null, now: Date): Date | null {
  const moments = [...checkoutMoments(checkoutSince, now), ...planMoments(entitlement, now)];
  return moments.length === 0 ? null : new Date(Math.min(...moments));
}

function checkoutMoments(since: Date | null, now: Date): number[] {
  const age = since === null ? Infinity : now.getTime() - since.getTime();
  return age > CHECKOUT_MS ? [] : [now.getTime() + Math.max(MINUTE_MS, age / 2)];
}

function planMoments({ status, currentPeriodEnd, planExpiresAt }: Entitlement, now: Date): number[] {
  if (status === 'none' || hasEnded(status)) return [];
  const due = [planExpiresAt?.getTime(), currentPeriodEnd && currentPeriodEnd.getTime() + AFTER_PERIOD_MS];
  const ahead = due.filter((moment) => typeof moment === 'number').filter((moment) => moment > now.getTime());
  return [now.getTime() + ROUTINE_MS, ...ahead];
}
