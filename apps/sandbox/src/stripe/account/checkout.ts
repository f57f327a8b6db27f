import { Injectable } from '@nestjs/common';
import { wireCheckoutSession } from '../wire/checkout-session.wire.js';
import { Billing } from './billing.js';
import { Customers } from './customers.js';
import { EventLog } from './event-log.js';
import { stripeId } from './ids.js';
import type { CheckoutSessionRecord, CustomerRecord } from './records.js';
import { known, StripeState } from './stripe-state.js';
import { invalid } from './stripe.errors.js';
import { TestClock } from './test-clock.js';

const DAY_SECONDS = 86_400;

export type NewCheckoutSession = Omit<
  CheckoutSessionRecord,
  'id' | 'line' | 'status' | 'created' | 'url' | 'subscription' | 'invoice'
>;

/** Checkout sessions: open for a while, then paid or expired. */
@Injectable()
export class Checkout {
  constructor(
    private readonly state: StripeState,
    private readonly events: EventLog,
    private readonly customers: Customers,
    private readonly billing: Billing,
    private readonly clock: TestClock,
  ) {}

  /** @param publicUrl how a browser reaches the sandbox */
  create(input: NewCheckoutSession, publicUrl: string): CheckoutSessionRecord {
    const id = stripeId('cs_test', 58);
    const session: CheckoutSessionRecord = {
      ...input,
      id,
      line: stripeId('li'),
      status: 'open',
      created: this.clock.now(),
      url: `${publicUrl}/stripe/checkout/${id}`,
      subscription: null,
      invoice: null,
    };
    this.state.checkoutSessions.set(id, session);
    return session;
  }

  /**
   * The person pays with a good card.
   *
   * @throws StripeApiError when the session isn't open any more or its customer is gone
   */
  pay(session: CheckoutSessionRecord): void {
    this.assertPayable(session);
    const price = known(this.state.prices, session.price);
    const customer = this.customerOf(session);
    this.customers.giveCard(customer, 'succeeds', price.currency);
    const { trialDays, trialEnd, ...data } = session.subscriptionData;
    const subscription = this.billing.start({
      ...data,
      customer: customer.id,
      price: session.price,
      quantity: session.quantity,
      trialEnd: trialEnd ?? (trialDays === null ? null : this.clock.now() + trialDays * DAY_SECONDS),
    });
    session.customer = customer.id;
    session.subscription = subscription.id;
    session.invoice = subscription.latestInvoice;
    session.status = 'complete';
    this.events.append('checkout.session.completed', wireCheckoutSession(this.state, session));
  }

  expire(session: CheckoutSessionRecord): void {
    if (session.status !== 'open') {
      throw invalid(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
      );
    }
    session.status = 'expired';
    this.events.append('checkout.session.expired', wireCheckoutSession(this.state, session));
  }

  /** @throws StripeApiError saying what the person would read on the page */
  assertPayable(session: CheckoutSessionRecord): void {
    if (session.status === 'complete') throw invalid('You’re all done here: this was already paid.');
    if (session.status === 'expired') throw invalid('This page has expired.');
    if (session.customer !== null && this.state.customers.get(session.customer)?.deleted !== false) {
      throw invalid('Something went wrong: this customer no longer exists.');
    }
  }

  private customerOf(session: CheckoutSessionRecord): CustomerRecord {
    if (session.customer !== null) return this.customers.live(session.customer);
    return this.customers.create({ email: session.customerEmail });
  }
}
