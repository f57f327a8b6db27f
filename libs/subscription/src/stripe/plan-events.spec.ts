import { readFileSync } from 'node:fs';
import type { PaymentEvent } from './payment-gateway.port.js';
import { ANNOUNCING_TYPES, concernsPlan } from './plan-events.js';

const event = (type: string, changes: Partial<PaymentEvent> = {}): PaymentEvent => ({
  id: 'evt_1',
  type,
  customerId: 'cus_1',
  objectType: null,
  objectId: null,
  ...changes,
});

describe('an event that concerns a plan', () => {
  it.each([
    'checkout.session.expired',
    'customer.deleted',
    'customer.subscription.hibernated',
    'invoice.voided',
    'subscription_schedule.released',
  ])('is of the type %s, as a snapshot and thin', (type) => {
    expect(concernsPlan(event(type))).toBe(true);
    expect(concernsPlan(event(`v1.${type}`))).toBe(true);
  });

  it.each(['customer.updated', 'payment_intent.succeeded', 'v2.core.account.updated', 'ping'])(
    'is not of the type %s',
    (type) => expect(concernsPlan(event(type))).toBe(false),
  );

  it('leads to a customer, if only by its object', () => {
    expect(concernsPlan(event('invoice.paid', { customerId: null, objectId: 'in_1' }))).toBe(true);
    expect(concernsPlan(event('invoice.paid', { customerId: null }))).toBe(false);
  });

  it('is what Stripe’s list is asked for, within the twenty types that it takes', () => {
    expect(ANNOUNCING_TYPES).toHaveLength(11);
    for (const type of ANNOUNCING_TYPES) expect(concernsPlan(event(type))).toBe(true);
  });
});

it('announces itself to a webhook that was made as the guide says', () => {
  const guide = readFileSync(new URL('../../../../docs/guides/go-live.md', import.meta.url), 'utf8');
  const enabled = Array.from(guide.matchAll(/enabled_events\[\]=([\w.]+)/g), ([, type]) => type);
  expect(enabled.toSorted()).toEqual(ANNOUNCING_TYPES.toSorted());
});
