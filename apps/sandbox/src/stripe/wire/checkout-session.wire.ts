import type { CheckoutSessionRecord, WireObject } from '../account/records.js';
import { known, type StripeState } from '../account/stripe-state.js';

export function wireCheckoutSession(state: StripeState, session: CheckoutSessionRecord): WireObject {
  const price = known(state.prices, session.price);
  // In a trial nothing is due now.
  const subtotal = session.trialDays > 0 ? 0 : price.unitAmount * session.quantity;
  const discount = session.trialDays > 0 ? 0 : (session.discount?.amount ?? 0);
  return {
    ...constant,
    id: session.id,
    object: 'checkout.session',
    allow_promotion_codes: session.allowPromotionCodes,
    amount_subtotal: subtotal,
    amount_total: subtotal - discount,
    automatic_tax: automaticTax(session),
    cancel_url: session.cancelUrl,
    client_reference_id: session.clientReferenceId,
    created: session.created,
    currency: price.currency,
    customer: session.customer,
    customer_details: customerDetails(state, session),
    discounts: session.discount === null ? [] : [{ coupon: null, promotion_code: session.discount.promotionCode }],
    expires_at: session.expiresAt,
    invoice: session.invoice,
    metadata: { ...session.metadata },
    payment_status: paymentStatus(session),
    status: session.status,
    subscription: session.subscription,
    success_url: session.successUrl,
    total_details: { amount_discount: discount, amount_shipping: 0, amount_tax: 0 },
    url: session.status === 'open' ? session.url : null,
  };
}

function paymentStatus({ invoice, trialDays }: CheckoutSessionRecord): string {
  if (invoice === null) return 'unpaid';
  return trialDays > 0 ? 'no_payment_required' : 'paid';
}

const automaticTax = ({ automaticTax: enabled, status }: CheckoutSessionRecord): WireObject => ({
  enabled,
  liability: enabled ? { type: 'self' } : null,
  provider: enabled ? 'stripe' : null,
  status: enabled ? (status === 'complete' ? 'complete' : 'requires_location_inputs') : null,
});

function customerDetails(state: StripeState, session: CheckoutSessionRecord): WireObject {
  const { email, name } = known(state.customers, session.customer);
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name,
    phone: null,
    tax_exempt: 'none',
    tax_ids: [],
  };
}

/** The properties that are the same for all of the sandbox's sessions. */
const constant: WireObject = {
  adaptive_pricing: null,
  after_expiration: null,
  allowed_payment_method_types: null,
  billing_address_collection: null,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  custom_fields: [],
  custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
  customer_account: null,
  customer_creation: null,
  customer_email: null,
  integration_identifier: null,
  invoice_creation: null,
  livemode: false,
  locale: null,
  managed_payments: { enabled: false },
  mode: 'subscription',
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_collection: 'always',
  payment_method_configuration_details: null,
  payment_method_options: { card: { request_three_d_secure: 'automatic' } },
  payment_method_types: ['card'],
  permissions: null,
  phone_number_collection: { enabled: false },
  recovered_from: null,
  saved_payment_method_options: {
    allow_redisplay_filters: ['always'],
    payment_method_remove: 'disabled',
    payment_method_save: null,
  },
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  submit_type: null,
  ui_mode: 'hosted_page',
  wallet_options: null,
};
