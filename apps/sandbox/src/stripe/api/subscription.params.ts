import type { SubscriptionTerms } from '../account/billing.js';
import type { Metadata, SubscriptionRecord } from '../account/records.js';
import { invalid } from '../account/stripe.errors.js';
import { type CancellationWords, hasEnded } from '../account/subscriptions.js';
import { type PageRequest, pageRequest, type Range, range } from './list-page.js';
import type { Params } from './params.js';

const paymentBehaviors = ['allow_incomplete', 'default_incomplete', 'error_if_incomplete'] as const;

type NewSubscription = Omit<SubscriptionTerms, 'trialEnd'> & {
  trialEnd: number | undefined;
  trialDays: number | undefined;
  paymentBehavior: (typeof paymentBehaviors)[number];
};

/** Reads what a new subscription is to be. */
export function newSubscription(params: Params): NewSubscription {
  const items = params.hashes('items', (item) => ({
    price: item.required('price'),
    quantity: item.integer('quantity') ?? 1,
  }));
  const [item, ...others] = items ?? params.missing('items');
  if (item === undefined) return params.missing('items');
  if (others.length > 0) throw invalid('The sandbox models one item per subscription.', 'items');
  return {
    ...item,
    customer: params.required('customer'),
    metadata: params.metadata('metadata') ?? {},
    description: params.string('description'),
    trialEnd: params.integer('trial_end'),
    trialDays: params.integer('trial_period_days'),
    paymentBehavior: params.oneOf('payment_behavior', paymentBehaviors) ?? 'allow_incomplete',
  };
}

interface SubscriptionQuery {
  page: PageRequest;
  customer: string | undefined;
  price: string | undefined;
  status: string | undefined;
  periodEnd: Range;
}

/** Reads which subscriptions are asked for. */
export function subscriptionQuery(params: Params): SubscriptionQuery {
  return {
    page: pageRequest(params),
    customer: params.string('customer'),
    price: params.string('price'),
    status: params.string('status'),
    periodEnd: range(params, 'current_period_end'),
  };
}

/** Without a status, the canceled ones are left out. */
export function isInList(subscription: SubscriptionRecord, query: SubscriptionQuery): boolean {
  const { customer, price, periodEnd } = query;
  return (
    subscription.customer === (customer ?? subscription.customer) &&
    subscription.price === (price ?? subscription.price) &&
    subscription.periodEnd >= periodEnd.from &&
    subscription.periodEnd <= periodEnd.to &&
    hasStatus(subscription, query.status)
  );
}

function hasStatus(subscription: SubscriptionRecord, wanted: string | undefined): boolean {
  if (wanted === undefined) return subscription.status !== 'canceled';
  if (wanted === 'all') return true;
  return wanted === 'ended' ? hasEnded(subscription) : subscription.status === wanted;
}

interface SubscriptionUpdate {
  metadata: Metadata | undefined;
  description: string | null | undefined;
  /** Null: it goes on; undefined: not asked for. */
  cancelAt: number | null | undefined;
  atPeriodEnd: boolean;
  words: CancellationWords | undefined;
}

/** Reads what is to change about a subscription. */
export function subscriptionUpdate(params: Params, current: SubscriptionRecord): SubscriptionUpdate {
  const atPeriodEnd = params.boolean('cancel_at_period_end');
  const cancelAt = params.emptyable('cancel_at');
  if (atPeriodEnd !== undefined && cancelAt !== undefined) {
    throw invalid('You may only specify one of these parameters: cancel_at, cancel_at_period_end.', 'cancel_at');
  }
  return {
    metadata: params.metadata('metadata', current.metadata),
    description: params.emptyable('description'),
    cancelAt: atPeriodEnd === undefined ? instant(cancelAt, current) : atPeriodEnd ? current.periodEnd : null,
    atPeriodEnd: atPeriodEnd === true,
    words: params.hash('cancellation_details', words),
  };
}

function instant(cancelAt: string | null | undefined, { periodEnd }: SubscriptionRecord): number | null | undefined {
  if (cancelAt === undefined || cancelAt === null) return cancelAt;
  if (cancelAt === 'min_period_end' || cancelAt === 'max_period_end') return periodEnd;
  if (/^\d+$/.test(cancelAt)) return Number(cancelAt);
  throw invalid(`Invalid timestamp: ${cancelAt}`, 'cancel_at');
}

/** Reads why somebody cancels. */
export const words = (params: Params): CancellationWords => ({
  comment: params.emptyable('comment'),
  feedback: params.emptyable('feedback'),
});
