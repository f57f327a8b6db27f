import type { NewCheckoutSession } from '../account/checkout.js';
import { invalid } from '../account/stripe.errors.js';
import type { Params } from '../http/params.js';

const MAX_REFERENCE_LENGTH = 200;

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
    subscriptionMetadata: params.hash('subscription_data', (data) => data.metadata('metadata')) ?? {},
  };
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
