/** What the sandbox keeps. Times are Unix seconds of its clock, amounts the currency's smallest unit. */

export type Metadata = Record<string, string>;

/** How the next charges of a customer end. */
export type CardOutcome = 'succeeds' | 'declines';

export interface CustomerRecord {
  id: string;
  created: number;
  deleted: boolean;
  email: string | null;
  name: string | null;
  metadata: Metadata;
  currency: string | null;
  /** Null until a card was given. */
  paymentMethod: string | null;
  cardOutcome: CardOutcome;
  invoicePrefix: string;
  nextInvoice: number;
}

export interface ProductRecord {
  id: string;
  name: string;
}

/** How often a price recurs. */
export type Interval = 'month' | 'year';

/** A price that recurs. */
export interface PriceRecord {
  id: string;
  interval: Interval;
  created: number;
  product: string;
  currency: string;
  unitAmount: number;
}

export type CancellationReason = 'cancellation_requested' | 'payment_failed';

export interface SubscriptionRecord {
  id: string;
  item: string;
  customer: string;
  price: string;
  quantity: number;
  created: number;
  metadata: Metadata;
  /** Stripe's word, or any other word that the control API has set. */
  status: string;
  billingMode: 'flexible' | 'classic';
  anchor: number;
  periodStart: number;
  periodEnd: number;
  trialStart: number | null;
  trialEnd: number | null;
  /** Whether `customer.subscription.trial_will_end` was sent. */
  trialEndAnnounced: boolean;
  automaticTax: boolean;
  cancelAt: number | null;
  cancelAtPeriodEnd: boolean;
  canceledAt: number | null;
  endedAt: number | null;
  cancellationReason: CancellationReason | null;
  paymentMethod: string | null;
  latestInvoice: string | null;
  pastDueSince: number | null;
  pausedAt: number | null;
}

type InvoiceStatus = 'draft' | 'open' | 'paid' | 'void';

/** What a promotion code takes off one invoice. */
export interface Discount {
  id: string;
  promotionCode: string;
  amount: number;
}

export interface InvoiceRecord {
  id: string;
  line: string;
  number: string | null;
  customer: string;
  subscription: string;
  price: string;
  quantity: number;
  billingReason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  status: InvoiceStatus;
  created: number;
  /** What is due, with the discount taken off. */
  amount: number;
  discount: Discount | null;
  periodStart: number;
  periodEnd: number;
  attempts: number;
  finalizesAt: number | null;
  nextAttempt: number | null;
  finalizedAt: number | null;
  paidAt: number | null;
  voidedAt: number | null;
  payment: { id: string; intent: string } | null;
}

export interface CheckoutSessionRecord {
  id: string;
  status: 'open' | 'complete' | 'expired';
  created: number;
  expiresAt: number;
  url: string;
  customer: string;
  clientReferenceId: string | null;
  metadata: Metadata;
  price: string;
  quantity: number;
  successUrl: string;
  cancelUrl: string | null;
  /** The metadata of the subscription that the session will make. */
  subscriptionMetadata: Metadata;
  /** The days before the subscription's first payment; 0: it is due at once. */
  trialDays: number;
  /** Whether the page takes promotion codes; null: the shop did not say. */
  allowPromotionCodes: boolean | null;
  /** What the person has entered. */
  discount: Discount | null;
  automaticTax: boolean;
  subscription: string | null;
  invoice: string | null;
}

export interface PortalSessionRecord {
  id: string;
  created: number;
  customer: string;
  returnUrl: string | null;
  url: string;
}

/** What caused an event: an API request, or (both null) a person on a page or the clock. */
export interface Cause {
  id: string | null;
  idempotencyKey: string | null;
}

/** Anything that has the form of an API object. */
export type WireObject = Record<string, unknown>;

export interface EventRecord {
  id: string;
  /** The id of the same event in the thin style. */
  thinId: string;
  type: string;
  created: number;
  /** A copy of the object at the time of the event. */
  object: WireObject;
  /** The former values of what changed; null for an event that is no update. */
  previous: WireObject | null;
  cause: Cause;
}
