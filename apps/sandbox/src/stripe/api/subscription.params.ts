import type { SubscriptionRecord } from '../account/records.js';
import { invalid } from '../account/stripe.errors.js';
import { hasEnded } from '../account/subscriptions.js';
import { type PageRequest, pageRequest } from '../http/list-page.js';
import type { Params } from '../http/params.js';

interface SubscriptionQuery {
  page: PageRequest;
  customer: string | undefined;
  status: string | undefined;
}

/** Reads the filters of a list of subscriptions. */
export function subscriptionQuery(params: Params): SubscriptionQuery {
  return { page: pageRequest(params), customer: params.string('customer'), status: params.string('status') };
}

/** Whether a subscription belongs to a list; without a status the canceled ones don't. */
export function isInList(subscription: SubscriptionRecord, { customer, status }: SubscriptionQuery): boolean {
  return subscription.customer === (customer ?? subscription.customer) && hasStatus(subscription, status);
}

function hasStatus(subscription: SubscriptionRecord, wanted: string | undefined): boolean {
  if (wanted === undefined) return subscription.status !== 'canceled';
  if (wanted === 'all') return true;
  return wanted === 'ended' ? hasEnded(subscription) : subscription.status === wanted;
}

interface SubscriptionUpdate {
  /** Unix seconds; null: no cancellation is scheduled any more; undefined: unchanged. */
  cancelAt: number | null | undefined;
  atPeriodEnd: boolean;
}

/** Reads the changes to a subscription: only its scheduled cancellation can be changed. */
export function subscriptionUpdate(params: Params, current: SubscriptionRecord): SubscriptionUpdate {
  const atPeriodEnd = params.boolean('cancel_at_period_end');
  const cancelAt = params.emptyable('cancel_at');
  if (atPeriodEnd !== undefined && cancelAt !== undefined) {
    throw invalid('You may only specify one of these parameters: cancel_at, cancel_at_period_end.', 'cancel_at');
  }
  return {
    cancelAt: atPeriodEnd === undefined ? instant(cancelAt) : atPeriodEnd ? current.periodEnd : null,
    atPeriodEnd: atPeriodEnd === true,
  };
}

function instant(cancelAt: string | null | undefined): number | null | undefined {
  if (cancelAt === undefined || cancelAt === null) return cancelAt;
  if (/^\d+$/.test(cancelAt)) return Number(cancelAt);
  throw invalid(`Invalid timestamp: ${cancelAt}`, 'cancel_at');
}
