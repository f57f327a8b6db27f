import type { SubscriptionRecord, WireObject } from '../account/records.js';
import { known, type StripeState } from '../account/stripe-state.js';
import { wirePlan, wirePrice } from './price.wire.js';
import { completeList } from './list.wire.js';

export function wireSubscription(state: StripeState, subscription: SubscriptionRecord): WireObject {
  const { id } = subscription;
  return {
    ...constant,
    id,
    object: 'subscription',
    automatic_tax: {
      disabled_reason: null,
      enabled: subscription.automaticTax,
      liability: subscription.automaticTax ? { type: 'self' } : null,
    },
    billing_cycle_anchor: subscription.anchor,
    billing_mode: {
      flexible: subscription.billingMode === 'flexible' ? { proration_discounts: 'included' } : null,
      type: subscription.billingMode,
    },
    cancel_at: subscription.cancelAt,
    cancel_at_period_end: subscription.cancelAtPeriodEnd,
    canceled_at: subscription.canceledAt,
    cancellation_details: {
      comment: null,
      feedback: null,
      feedback_option: null,
      reason: subscription.cancellationReason,
    },
    created: subscription.created,
    currency: known(state.prices, subscription.price).currency,
    customer: subscription.customer,
    default_payment_method: subscription.paymentMethod,
    ended_at: subscription.endedAt,
    items: completeList(`/v1/subscription_items?subscription=${id}`, [wireItem(state, subscription)]),
    latest_invoice: subscription.latestInvoice,
    metadata: { ...subscription.metadata },
    start_date: subscription.created,
    status: subscription.status,
    ...(subscription.pausedAt !== null && {
      status_details: {
        paused: {
          subscription: { type: 'pause_requested' },
          transitioned_at: subscription.pausedAt,
          type: 'subscription',
        },
      },
    }),
    trial_end: subscription.trialEnd,
    trial_start: subscription.trialStart,
  };
}

function wireItem(state: StripeState, subscription: SubscriptionRecord): WireObject {
  const price = known(state.prices, subscription.price);
  return {
    id: subscription.item,
    object: 'subscription_item',
    billing_thresholds: null,
    created: subscription.created,
    current_period_end: subscription.periodEnd,
    current_period_start: subscription.periodStart,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: wirePlan(price),
    price: wirePrice(price),
    quantity: subscription.quantity,
    subscription: subscription.id,
    tax_rates: [],
  };
}

/** The properties that are the same for all of the sandbox's subscriptions. */
const constant: WireObject = {
  application: null,
  application_fee_percent: null,
  billing_cycle_anchor_config: null,
  billing_schedules: [],
  billing_thresholds: null,
  collection_method: 'charge_automatically',
  customer_account: null,
  days_until_due: null,
  default_source: null,
  default_tax_rates: [],
  description: null,
  discounts: [],
  invoice_settings: {
    account_tax_ids: null,
    custom_fields: null,
    description: null,
    footer: null,
    issuer: { type: 'self' },
  },
  livemode: false,
  managed_payments: { enabled: false },
  next_pending_invoice_item_invoice: null,
  on_behalf_of: null,
  pause_collection: null,
  payment_settings: {
    payment_method_options: null,
    payment_method_types: null,
    save_default_payment_method: 'off',
  },
  pending_invoice_item_interval: null,
  pending_setup_intent: null,
  pending_update: null,
  schedule: null,
  test_clock: null,
  transfer_data: null,
  trial_settings: { end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' } },
};
