import type { NewCheckoutSession } from '../account/checkout.js';
import type { CheckoutSessionRecord } from '../account/records.js';
import { invalid } from '../account/stripe.errors.js';
import type { Params } from './params.js';

const MINUTES_30 = 30 * 60;
const HOURS_24 = 24 * 3600;
const missingCard = ['cancel', 'create_invoice', 'pause'] as const;
const billingModes = ['flexible', 'classic'] as const;

/** The sandbox's clock, as far as a session's life needs it. */
interface SandboxTime {
  now: number;
  /** How many seconds it is ahead of the real time. */
  offset: number;
}

/** Reads what a new checkout session is to be, with Stripe's rules for what may be asked. */
export function newCheckoutSession(params: Params, time: SandboxTime): NewCheckoutSession {
  assertModelled(params);
  return {
    ...lineItem(params),
    ...buyer(params),
    successUrl: params.url('success_url') ?? params.missing('success_url'),
    cancelUrl: params.url('cancel_url') ?? null,
    metadata: params.metadata('metadata') ?? {},
    locale: params.string('locale') ?? null,
    allowPromotionCodes: params.boolean('allow_promotion_codes') ?? null,
    paymentMethodCollection: params.oneOf('payment_method_collection', ['always', 'if_required']) ?? 'always',
    expiresAt: expiry(params, time),
    subscriptionData: params.hash('subscription_data', subscriptionData) ?? noSubscriptionData,
  };
}

/** What may be said but has one value here. */
function assertModelled(params: Params): void {
  if (params.oneOf('mode', ['subscription']) === undefined) params.missing('mode');
  params.oneOf('ui_mode', ['hosted_page']);
  params.oneOf('billing_address_collection', ['auto']);
  params.strings('payment_method_types');
}

function buyer(params: Params): Pick<NewCheckoutSession, 'customer' | 'customerEmail' | 'clientReferenceId'> {
  const customer = params.string('customer') ?? null;
  const customerEmail = params.string('customer_email') ?? null;
  if (customer !== null && customerEmail !== null) {
    throw invalid('You may only specify one of these parameters: customer, customer_email.', 'customer_email');
  }
  const clientReferenceId = params.string('client_reference_id') ?? null;
  if (clientReferenceId !== null && clientReferenceId.length > 200) {
    throw invalid('Invalid string: must be at most 200 characters', 'client_reference_id');
  }
  return { customer, customerEmail, clientReferenceId };
}

function lineItem(params: Params): { price: string; quantity: number } {
  const items = params.hashes('line_items', (item) => ({
    price: item.required('price'),
    quantity: item.integer('quantity') ?? item.missing('quantity'),
  }));
  const [item, ...others] = items ?? params.missing('line_items');
  if (item === undefined) return params.missing('line_items');
  if (others.length > 0) throw invalid('The sandbox models one line item per session.', 'line_items');
  return item;
}

/**
 * A backend that computes the expiry by its own clock, which knows nothing of a sandbox that was moved forward, means a span from now:
 * a time that isn't one to come here is taken as that.
 */
function expiry(params: Params, { now, offset }: SandboxTime): number {
  const asked = params.integer('expires_at') ?? now + HOURS_24;
  const expiresAt = asked < now + MINUTES_30 ? asked + offset : asked;
  // A few seconds of grace, because the request took its time to arrive.
  if (expiresAt < now + MINUTES_30 - 10 || expiresAt > now + HOURS_24 + 10) {
    throw invalid(
      'The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session creation.',
      'expires_at',
    );
  }
  return expiresAt;
}

const noSubscriptionData: CheckoutSessionRecord['subscriptionData'] = {
  metadata: {},
  description: null,
  trialEnd: null,
  trialDays: null,
  missingCard: 'create_invoice',
  billingMode: null,
};

function subscriptionData(params: Params): CheckoutSessionRecord['subscriptionData'] {
  return {
    metadata: params.metadata('metadata') ?? {},
    description: params.string('description') ?? null,
    trialEnd: params.integer('trial_end') ?? null,
    trialDays: params.integer('trial_period_days') ?? null,
    missingCard: params.hash('trial_settings', missingCardOf) ?? 'create_invoice',
    billingMode: params.hash('billing_mode', (mode) => mode.oneOf('type', billingModes)) ?? null,
  };
}

const missingCardOf = (settings: Params): (typeof missingCard)[number] | undefined =>
  settings.hash('end_behavior', (behavior) => behavior.oneOf('missing_payment_method', missingCard));
