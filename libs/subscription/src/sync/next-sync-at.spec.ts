import type { Entitlement } from '../plan/entitlement.js';
import { nextSyncAt } from './next-sync-at.js';

const NOW = new Date('2026-11-23T12:00:00Z');
const inMinutes = (count: number): Date => new Date(NOW.getTime() + count * 60_000);
const inHours = (count: number): Date => inMinutes(count * 60);

const entitlement = (changes: Partial<Entitlement>): Entitlement => ({
  plan: 'pro',
  planExpiresAt: null,
  status: 'active',
  stripeSubscriptionId: 'sub_1',
  currentPeriodEnd: inHours(24 * 20),
  cancelAtPeriodEnd: false,
  ...changes,
});

describe('nextLook', () => {
  it.each([
    ['a running subscription: twice a day', entitlement({}), null, inHours(12)],
    [
      'a period that ends soon: just after its end',
      entitlement({ currentPeriodEnd: inHours(3) }),
      null,
      inMinutes(182),
    ],
    ['a period that ended long ago: twice a day', entitlement({ currentPeriodEnd: inHours(-3) }), null, inHours(12)],
    ['a grace: at its end', entitlement({ status: 'past_due', planExpiresAt: inHours(2) }), null, inHours(2)],
    ['a word that we don’t know: twice a day', entitlement({ status: 'hibernating' }), null, inHours(12)],
    ['nothing: never', entitlement({ status: 'none', currentPeriodEnd: null }), null, null],
    ['the end of a subscription: never', entitlement({ status: 'canceled' }), null, null],
    ['a checkout of this moment: in a minute', entitlement({ status: 'none' }), NOW, inMinutes(1)],
    ['a checkout of four hours ago: in two hours', entitlement({ status: 'none' }), inHours(-4), inHours(2)],
    ['a checkout that has run out: never', entitlement({ status: 'canceled' }), inHours(-26), null],
    ['a checkout beside a subscription: whichever comes first', entitlement({}), inHours(-1), inMinutes(30)],
  ])('after %s', (_case, known, checkoutSince, expected) => {
    expect(nextSyncAt(known, checkoutSince, NOW)).toEqual(expected);
  });
});
