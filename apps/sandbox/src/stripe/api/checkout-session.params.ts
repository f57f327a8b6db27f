import type { NewCheckoutSession } from '../account/checkout.js';
import { invalid } from '../account/stripe.errors.js';
import type { Params } from '../http/params.js';

const MAX_REFERENCE_LENGTH = 200;
const MAX_TRIAL_DAYS = 730;

/** Reads the parameters of a new checkout session, by Stripe's rules. */
export function newCheckoutSession(params: Params): NewCheckoutSession {
  if (params.oneOf('mode', ['subscription']) === undefined) params.missing('mode');
  return {
    ...lineItem(params),
    customer: params.required('customer'),
    clientReferenceId: clientReferenceId(params),
    successUrl: params.url('success_url') ?? params.missing('success_url'),
    cancelUrl: params.url('cancel_url') ?? null,
    metadata: params.metadata('metadata') ?? {},
    ...subscriptionData(params),
    allowPromotionCodes: params.boolean('allow_promotion_codes') ?? null,
    automaticTax: automaticTax(params),
  };
}

function subscriptionData(params: Params): Pick<NewCheckoutSession, 'subscriptionMetadata' | 'trialDays'> {
  const data = params.hash('subscription_data', (of) => ({
    subscriptionMetadata: of.metadata('metadata') ?? {},
    trialDays: trialDays(of),
  }));
  return data ?? { subscriptionMetadata: {}, trialDays: 0 };
}

function trialDays(data: Params): number {
  const days = data.integer('trial_period_days');
  if (days === undefined) return 0;
  if (days >= 1 && days <= MAX_TRIAL_DAYS) return days;
  throw invalid(
    days < 1
      ? 'The minimum number of trial period days is 1.'
      : `The maximum number of trial period days is ${MAX_TRIAL_DAYS} (2 years).`,
    'subscription_data[trial_period_days]',
  );
}

/** The sandbox's customers have no address, so the page has to store the one that it asks for. */
function automaticTax(params: Params): boolean {
  const isEnabled = params.hash('automatic_tax', (tax) => tax.boolean('enabled') ?? tax.missing('enabled')) ?? false;
  const address = params.hash('customer_update', (update) => update.oneOf('address', ['auto', 'never']));
  if (!isEnabled || address === 'auto') return isEnabled;
  throw invalid(
    'Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set ' +
      "either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to save the address entered in Checkout " +
      'to the Customer.',
    'automatic_tax',
    'customer_tax_location_invalid',
  );
}

function clientReferenceId(params: Params): string | null {
  const reference = params.string('client_reference_id') ?? null;
  if (reference !== null && reference.length > MAX_REFERENCE_LENGTH) {
    throw invalid(`Invalid string: must be at most ${MAX_REFERENCE_LENGTH} characters`, 'client_reference_id');
  }
  return reference;
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
