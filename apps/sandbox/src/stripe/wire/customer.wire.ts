import type { CustomerRecord, WireObject } from '../account/records.js';
import type { StripeState } from '../account/stripe-state.js';

export function wireCustomer(state: StripeState, customer: CustomerRecord): WireObject {
  const { id } = customer;
  if (customer.deleted) return { id, object: 'customer', deleted: true };
  return {
    id,
    object: 'customer',
    address: null,
    balance: 0,
    created: customer.created,
    currency: customer.currency,
    customer_account: null,
    default_source: null,
    delinquent: isDelinquent(state, id),
    description: null,
    discount: null,
    email: customer.email,
    invoice_prefix: customer.invoicePrefix,
    invoice_settings: {
      custom_fields: null,
      default_payment_method: customer.paymentMethod,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: { ...customer.metadata },
    name: customer.name,
    next_invoice_sequence: customer.nextInvoice,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}

/** Whether the latest invoice of any subscription has failed and is still open. */
function isDelinquent(state: StripeState, customer: string): boolean {
  return state
    .subscriptionsOf(customer)
    .map(({ latestInvoice }) => latestInvoice && state.invoices.get(latestInvoice))
    .some((invoice) => invoice && invoice.status === 'open' && invoice.attempts > 0);
}
