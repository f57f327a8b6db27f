import type { InvoiceRecord, WireObject } from '../account/records.js';
import { known, type StripeState } from '../account/stripe-state.js';
import { completeList } from './list.wire.js';

export function wireInvoice(state: StripeState, invoice: InvoiceRecord): WireObject {
  const customer = known(state.customers, invoice.customer);
  const subscription = known(state.subscriptions, invoice.subscription);
  const isPaid = invoice.status === 'paid';
  return {
    ...constant,
    ...amounts(invoice),
    id: invoice.id,
    object: 'invoice',
    attempt_count: invoice.attempts,
    attempted: invoice.attempts > 0 || isPaid,
    automatic_tax: automaticTax(subscription.automaticTax),
    auto_advance: invoice.status === 'draft' || invoice.nextAttempt !== null,
    automatically_finalizes_at: invoice.finalizesAt,
    billing_reason: invoice.billingReason,
    created: invoice.created,
    currency: known(state.prices, invoice.price).currency,
    customer: invoice.customer,
    customer_email: customer.email,
    customer_name: customer.name,
    discounts: invoice.discount === null ? [] : [invoice.discount.id],
    effective_at: invoice.finalizedAt,
    ending_balance: invoice.finalizedAt === null ? null : 0,
    hosted_invoice_url: null,
    invoice_pdf: null,
    lines: completeList(`/v1/invoices/${invoice.id}/lines`, [wireLine(state, invoice)]),
    metadata: {},
    next_payment_attempt: invoice.nextAttempt,
    number: invoice.number,
    parent: {
      quote_details: null,
      subscription_details: { metadata: { ...subscription.metadata }, subscription: invoice.subscription },
      type: 'subscription_details',
    },
    period_end: invoice.created,
    period_start: invoice.billingReason === 'subscription_create' ? invoice.created : subscription.created,
    status: invoice.status,
    status_transitions: {
      finalized_at: invoice.finalizedAt,
      marked_uncollectible_at: null,
      paid_at: invoice.paidAt,
      voided_at: invoice.voidedAt,
    },
    total_discount_amounts: discountAmounts(invoice),
  };
}

const automaticTax = (enabled: boolean): WireObject => ({
  disabled_reason: null,
  enabled,
  liability: enabled ? { type: 'self' } : null,
  provider: enabled ? 'stripe' : null,
  status: enabled ? 'complete' : null,
});

const discountAmounts = ({ discount }: InvoiceRecord): WireObject[] =>
  discount === null ? [] : [{ amount: discount.amount, discount: discount.id }];

/** The link between an invoice and its payment; null for an unpaid invoice. */
export function wireInvoicePayment(state: StripeState, invoice: InvoiceRecord): WireObject | null {
  if (invoice.payment === null || invoice.paidAt === null) return null;
  return {
    id: invoice.payment.id,
    object: 'invoice_payment',
    amount_paid: invoice.amount,
    amount_requested: invoice.amount,
    created: invoice.finalizedAt ?? invoice.created,
    currency: known(state.prices, invoice.price).currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: invoice.payment.intent, type: 'payment_intent' },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: invoice.paidAt },
  };
}

function amounts(invoice: InvoiceRecord): WireObject {
  const paid = invoice.status === 'paid' ? invoice.amount : 0;
  const subtotal = invoice.amount + (invoice.discount?.amount ?? 0);
  return {
    amount_due: invoice.amount,
    amount_overpaid: 0,
    amount_paid: paid,
    amount_remaining: invoice.amount - paid,
    amount_shipping: 0,
    subtotal,
    subtotal_excluding_tax: subtotal,
    total: invoice.amount,
    total_excluding_tax: invoice.amount,
  };
}

function wireLine(state: StripeState, invoice: InvoiceRecord): WireObject {
  const subscription = known(state.subscriptions, invoice.subscription);
  const price = known(state.prices, invoice.price);
  const subtotal = invoice.amount + (invoice.discount?.amount ?? 0);
  const { name } = known(state.products, price.product);
  return {
    id: invoice.line,
    object: 'line_item',
    amount: subtotal,
    currency: price.currency,
    description: `${invoice.quantity} × ${name}`,
    discount_amounts: discountAmounts(invoice),
    discountable: true,
    discounts: [],
    invoice: invoice.id,
    livemode: false,
    metadata: { ...subscription.metadata },
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: subscription.id,
        subscription_item: subscription.item,
      },
      type: 'subscription_item_details',
    },
    period: { end: invoice.periodEnd, start: invoice.periodStart },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: price.id, product: price.product },
      type: 'price_details',
      unit_amount_decimal: String(price.unitAmount),
    },
    quantity: invoice.quantity,
    quantity_decimal: String(invoice.quantity),
    subscription: subscription.id,
    subtotal,
    taxes: [],
  };
}

/** The properties that are the same for all of the sandbox's invoices. */
const constant: WireObject = {
  account_country: 'US',
  account_name: 'Sandbox',
  account_tax_ids: null,
  application: null,
  collection_method: 'charge_automatically',
  custom_fields: null,
  customer_account: null,
  customer_address: null,
  customer_phone: null,
  customer_shipping: null,
  customer_tax_exempt: 'none',
  customer_tax_ids: [],
  default_payment_method: null,
  default_source: null,
  default_tax_rates: [],
  description: null,
  due_date: null,
  footer: null,
  from_invoice: null,
  issuer: { type: 'self' },
  last_finalization_error: null,
  latest_revision: null,
  livemode: false,
  on_behalf_of: null,
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  receipt_number: null,
  rendering: null,
  shipping_cost: null,
  shipping_details: null,
  starting_balance: 0,
  statement_descriptor: null,
  test_clock: null,
  total_pretax_credit_amounts: [],
  total_taxes: [],
  webhooks_delivered_at: null,
};
