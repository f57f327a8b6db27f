import fc from 'fast-check';
import { InvalidEventError } from './payment-gateway.errors.js';
import { parseStripeEvent, parseStripePayload } from './stripe-event.js';

const snapshot = (object: unknown) => ({ id: 'evt_1', object: 'event', type: 'invoice.paid', data: { object } });

describe('parseStripeEvent', () => {
  it.each<[string, object, string | null]>([
    ['the customer of an object', { object: 'subscription', id: 'sub_1', customer: 'cus_1' }, 'cus_1'],
    [
      'an expanded customer',
      { object: 'subscription', id: 'sub_1', customer: { id: 'cus_1', object: 'customer' } },
      'cus_1',
    ],
    ['a customer itself', { object: 'customer', id: 'cus_1' }, 'cus_1'],
    ['no one in an object without a customer', { object: 'subscription', id: 'sub_1', customer: null }, null],
    ['no one in an object without an id', { object: 'invoice' }, null],
  ])('finds %s', (_case, object, customerId) => {
    expect(parseStripeEvent(snapshot(object))).toMatchObject({ id: 'evt_1', type: 'invoice.paid', customerId });
  });

  it('takes from a thin event the object that it names', () => {
    const thin = {
      id: 'evt_2',
      object: 'v2.core.event',
      type: 'v1.customer.subscription.updated',
      created: '2026-11-23T12:00:00.000Z',
      related_object: { id: 'sub_1', type: 'subscription', url: '/v1/subscriptions/sub_1' },
    };
    expect(parseStripeEvent(thin)).toEqual({
      id: 'evt_2',
      type: 'v1.customer.subscription.updated',
      customerId: null,
      objectType: 'subscription',
      objectId: 'sub_1',
    });
  });

  it('takes anything for an event that has an id and a type, and nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (data, related) => {
        const event = parseStripeEvent({ id: 'evt_1', type: 'x', data, related_object: related });
        expect(event).toMatchObject({ id: 'evt_1', type: 'x' });
      }),
    );
    fc.assert(
      fc.property(fc.string(), (payload) => {
        expect(() => parseStripePayload(payload)).toThrow(InvalidEventError);
      }),
    );
  });
});
