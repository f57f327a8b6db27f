import type { CheckoutSessionRecord, WireObject } from '../account/records.js';
import { known, type StripeState } from '../account/stripe-state.js';
import { wirePrice } from './catalog.wire.js';
import { completeList } from './list.wire.js';

export function wireCheckoutSession(state: StripeState, session: CheckoutSessionRecord): WireObject {
  const price = known(state.prices, session.price);
  const total = price.unitAmount * session.quantity;
  return {
    ...constant,
    id: session.id,
    object: 'checkout.session',
    allow_promotion_codes: session.allowPromotionCodes,
    amount_subtotal: total,
    amount_total: total,
    cancel_url: session.cancelUrl,
    client_reference_id: session.clientReferenceId,
    created: session.created,
    currency: price.currency,
    customer: session.customer,
    customer_creation: session.customerEmail === null ? null : 'always',
    customer_details: customerDetails(state, session),
    customer_email: session.customerEmail,
    expires_at: session.expiresAt,
    invoice: session.invoice,
    locale: session.locale,
    metadata: { ...session.metadata },
    payment_method_collection: session.paymentMethodCollection,
    payment_status: paymentStatus(state, session),
    status: session.status,
    subscription: session.subscription,
    success_url: session.successUrl,
    url: session.status === 'open' ? session.url : null,
  };
}

/** What is bought; part of the session only when asked for. */
export function wireCheckoutLineItems(state: StripeState, session: CheckoutSessionRecord): WireObject {
  const price = known(state.prices, session.price);
  const total = price.unitAmount * session.quantity;
  const item = {
    id: session.line,
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: total,
    amount_tax: 0,
    amount_total: total,
    currency: price.currency,
    description: known(state.products, price.product).name,
    metadata: {},
    price: wirePrice(price),
    quantity: session.quantity,
  };
  return completeList(`/v1/checkout/sessions/${session.id}/line_items`, [item]);
}

function customerDetails(state: StripeState, session: CheckoutSessionRecord): WireObject | null {
  const customer = session.customer === null ? undefined : state.customers.get(session.customer);
  const email = customer?.email ?? session.customerEmail;
  if (customer === undefined && email === null) return null;
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name: customer?.name ?? null,
    phone: customer?.phone ?? null,
    tax_exempt: 'none',
    tax_ids: [],
  };
}

function paymentStatus(state: StripeState, session: CheckoutSessionRecord): string {
  if (session.invoice === null) return 'unpaid';
  return known(state.invoices, session.invoice).amount === 0 ? 'no_payment_required' : 'paid';
}

/** What never differs between the sandbox's sessions. */
const constant: WireObject = {
  adaptive_pricing: null,
  after_expiration: null,
  allowed_payment_method_types: null,
  automatic_tax: { enabled: false, liability: null, provider: null, status: null },
  billing_address_collection: null,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  custom_fields: [],
  custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
  customer_account: null,
  discounts: [],
  integration_identifier: null,
  invoice_creation: null,
  livemode: false,
  managed_payments: { enabled: false },
  mode: 'subscription',
  origin_context: null,
  payment_intent: null,
  payment_link: null,
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
  total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
  ui_mode: 'hosted_page',
  wallet_options: null,
};
