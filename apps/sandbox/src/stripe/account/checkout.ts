import { Injectable } from '@nestjs/common';
import { wireCheckoutSession } from '../wire/checkout-session.wire.js';
import { Billing } from './billing.js';
import { Customers } from './customers.js';
import { EventLog } from './event-log.js';
import { stripeId } from './ids.js';
import type { CheckoutSessionRecord } from './records.js';
import { known, StripeState } from './stripe-state.js';
import { invalid } from './stripe.errors.js';
import { TestClock } from './test-clock.js';

const SESSION_SECONDS = 86_400;

export type NewCheckoutSession = Omit<
  CheckoutSessionRecord,
  'id' | 'status' | 'created' | 'expiresAt' | 'url' | 'subscription' | 'invoice' | 'discount'
>;

/** The promotion codes that the page knows, with the part of the first invoice that each takes off. */
const PROMOTION_CODES: Readonly<Record<string, number>> = { HALF: 0.5 };

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
    const created = this.clock.now();
    const session: CheckoutSessionRecord = {
      ...input,
      id,
      status: 'open',
      created,
      expiresAt: created + SESSION_SECONDS,
      url: `${publicUrl}/stripe/checkout/${id}`,
      subscription: null,
      invoice: null,
      discount: null,
    };
    this.state.checkoutSessions.set(id, session);
    return session;
  }

  /**
   * Pays with a card that can be charged.
   *
   * @throws StripeApiError when the session is not open, or its customer was deleted
   */
  pay(session: CheckoutSessionRecord): void {
    this.assertPayable(session);
    const price = known(this.state.prices, session.price);
    const customer = this.customers.live(session.customer);
    this.customers.giveCard(customer, 'succeeds', price.currency);
    const subscription = this.billing.start({
      customer: customer.id,
      price: session.price,
      quantity: session.quantity,
      metadata: session.subscriptionMetadata,
      trialDays: session.trialDays,
      automaticTax: session.automaticTax,
      discount: session.discount,
    });
    session.subscription = subscription.id;
    session.invoice = subscription.latestInvoice;
    session.status = 'complete';
    this.events.append('checkout.session.completed', wireCheckoutSession(this.state, session));
  }

  /**
   * Takes a promotion code, as the page does.
   *
   * @returns whether the code is known and the shop allows codes
   */
  applyPromotionCode(session: CheckoutSessionRecord, code: string): boolean {
    this.assertPayable(session);
    const part = session.allowPromotionCodes === true ? PROMOTION_CODES[code.trim().toUpperCase()] : undefined;
    if (part === undefined) return false;
    const amount = Math.round(known(this.state.prices, session.price).unitAmount * session.quantity * part);
    session.discount = { id: stripeId('di'), promotionCode: stripeId('promo'), amount };
    return true;
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

  /** @throws StripeApiError with the reason that the page shows */
  assertPayable(session: CheckoutSessionRecord): void {
    if (session.status === 'complete') throw invalid('You’re all done here: this was already paid.');
    if (session.status === 'expired') throw invalid('This page has expired.');
    if (this.state.customers.get(session.customer)?.deleted !== false) {
      throw invalid('Something went wrong: this customer no longer exists.');
    }
  }
}
