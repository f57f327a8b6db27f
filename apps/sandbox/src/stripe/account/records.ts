/** What the sandbox remembers. Times are Unix seconds of its clock, amounts the currency's smallest unit. */

export type Metadata = Record<string, string>;

/** How the next charges of a customer end. */
export type CardOutcome = 'succeeds' | 'declines';

export interface CustomerRecord {
  id: string;
  created: number;
  deleted: boolean;
  email: string | null;
  name: string | null;
  phone: string | null;
  description: string | null;
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
  created: number;
  updated: number;
  active: boolean;
  name: string;
  description: string | null;
  metadata: Metadata;
}

export const intervals = ['day', 'week', 'month', 'year'] as const;
export type Interval = (typeof intervals)[number];

export interface PriceRecord {
  id: string;
  created: number;
  active: boolean;
  product: string;
  currency: string;
  unitAmount: number;
  /** Null for a price that is paid once. */
  recurring: { interval: Interval; count: number } | null;
  nickname: string | null;
  lookupKey: string | null;
  metadata: Metadata;
}

/** What a subscription does when its trial ends and no card was given. */
export type MissingCard = 'cancel' | 'create_invoice' | 'pause';

export type CancellationReason = 'cancellation_requested' | 'payment_failed';

export interface SubscriptionRecord {
  id: string;
  item: string;
  customer: string;
  price: string;
  quantity: number;
  created: number;
  description: string | null;
  metadata: Metadata;
  /** Stripe's word; a word that Stripe doesn't have yet can be set through the control API. */
  status: string;
  billingMode: 'flexible' | 'classic';
  anchor: number;
  periodStart: number;
  periodEnd: number;
  trialStart: number | null;
  trialEnd: number | null;
  trialWarned: boolean;
  missingCard: MissingCard;
  cancelAt: number | null;
  cancelAtPeriodEnd: boolean;
  canceledAt: number | null;
  endedAt: number | null;
  cancellation: { reason: CancellationReason | null; comment: string | null; feedback: string | null };
  paymentMethod: string | null;
  latestInvoice: string | null;
  pastDueSince: number | null;
  pausedAt: number | null;
}

type InvoiceStatus = 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';

export interface InvoiceRecord {
  id: string;
  line: string;
  number: string | null;
  customer: string;
  subscription: string;
  billingReason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  status: InvoiceStatus;
  created: number;
  amount: number;
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
  customer: string | null;
  customerEmail: string | null;
  clientReferenceId: string | null;
  metadata: Metadata;
  price: string;
  quantity: number;
  line: string;
  successUrl: string;
  cancelUrl: string | null;
  locale: string | null;
  allowPromotionCodes: boolean | null;
  paymentMethodCollection: 'always' | 'if_required';
  subscriptionData: {
    metadata: Metadata;
    description: string | null;
    trialEnd: number | null;
    trialDays: number | null;
    missingCard: MissingCard;
    billingMode: 'flexible' | 'classic' | null;
  };
  subscription: string | null;
  invoice: string | null;
}

export interface PortalSessionRecord {
  id: string;
  created: number;
  customer: string;
  returnUrl: string | null;
  locale: string | null;
  url: string;
}

/** What made an event happen: an API request, or (both null) a person on a page or the passing of time. */
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
  /** The object as it was then; never changes. */
  object: WireObject;
  previous: WireObject | null;
  cause: Cause;
}
