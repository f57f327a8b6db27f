import { Injectable } from '@nestjs/common';
import {
  IdempotencyKeySpentError,
  PaymentProviderUnavailableError,
  RequestRefusedError,
  ReturnUrlRefusedError,
  UnknownCustomerError,
} from '../stripe/payment-gateway.errors.js';
import { type CheckoutSession, PaymentGateway } from '../stripe/payment-gateway.port.js';
import { LeaseLostError } from '../sync/customer-lease.errors.js';
import { type CustomerLease, CustomerLeaseStore } from '../sync/customer-lease.store.js';
import { hasEnded, type StripeSubscription } from '../plan/entitlement.js';
import { blocksPurchase, SubscriptionSyncService } from '../sync/subscription-sync.service.js';
import { type CheckoutTerms, type StoredCheckout, SubscriptionStore } from '../sync/subscription.store.js';
import type { Interval, PlanPrice } from '../catalogue/plan-catalogue.js';
import { CheckoutConfig } from './checkout.config.js';
import { AlreadySubscribedError } from './checkout.errors.js';
import { CustomerService } from './customer.service.js';
import { PlanOfferService } from './plan-offer.service.js';
import { type ReturnUrls, ReturnUrlService } from './return-url.service.js';

/** What somebody wants to buy, and where to come back to. */
export interface Order extends Partial<ReturnUrls> {
  /** A key of the catalogue; anything else is refused. */
  plan: string;
  /** How often it is paid. */
  interval: Interval;
}

/** The price that is to be paid, and where to come back to. */
interface Offer extends ReturnUrls {
  price: PlanPrice;
}

/**
 * Sells the paid plans so that no one pays twice: one customer per user, one payable session per customer, none beside a
 * running subscription. Each step is stored before the next, under a key that finds it again after a crash.
 */
@Injectable()
export class CheckoutService {
  constructor(
    private readonly gateway: PaymentGateway,
    private readonly leases: CustomerLeaseStore,
    private readonly store: SubscriptionStore,
    private readonly sync: SubscriptionSyncService,
    private readonly customers: CustomerService,
    private readonly offers: PlanOfferService,
    private readonly returnUrls: ReturnUrlService,
    private readonly config: CheckoutConfig,
  ) {}

  /**
   * The page on which the user can pay: the one that is open, or a new one.
   *
   * @throws PlanNotFoundError, ValidationFailedError, AlreadySubscribedError, PaymentProviderUnavailableError
   */
  async subscribe(userId: string, order: Order): Promise<CheckoutSession> {
    const plan = this.offers.paidPlan(order.plan);
    const returnUrls = this.returnUrls.check(order);
    const offer = { price: this.offers.priceOf(plan, order.interval), ...returnUrls };
    try {
      return await this.forCustomer(userId, (lease, customerId) => this.payableSession(lease, customerId, offer));
    } catch (error) {
      throw error instanceof ReturnUrlRefusedError ? this.returnUrls.explain(error, order) : error;
    }
  }

  /**
   * A page on which the user can change the plan, cancel, pay what is open, or change the card.
   *
   * @throws PaymentProviderUnavailableError
   */
  async portal(userId: string): Promise<string> {
    if (!this.gateway.isConfigured) throw new PaymentProviderUnavailableError();
    const { CHECKOUT_CANCEL_URL: returnUrl } = this.config;
    return this.forCustomer(userId, (_, customerId) => this.gateway.createPortal(customerId, returnUrl));
  }

  /** Does the work for the user's customer; should Stripe not have that one any more, once more for a new one. */
  private forCustomer<T>(userId: string, work: (lease: CustomerLease, customerId: string) => Promise<T>): Promise<T> {
    return this.leases.withUserLease(userId, async (lease) => {
      try {
        return await work(lease, await this.customers.of(lease));
      } catch (error) {
        if (!(error instanceof UnknownCustomerError)) throw error;
        return work(lease, await this.customers.replace(lease, error));
      }
    });
  }

  private async payableSession(lease: CustomerLease, customerId: string, offer: Offer): Promise<CheckoutSession> {
    // Stripe itself is asked, since a webhook may be late.
    const subscriptions = await this.sync.sync(lease, customerId);
    assertNotSubscribed(subscriptions.filter(blocksPurchase));
    const terms = termsOf(offer, subscriptions);
    const open = await this.openSession(lease, customerId, terms);
    if (open !== null) return open;
    // Its page is closed, but its invoice could still be paid: then there would be two subscriptions.
    const begun = subscriptions.filter(({ status }) => status === 'incomplete');
    for (const { id } of begun) await this.gateway.cancelSubscription(id);
    return this.createAndStoreSession(lease, customerId, await this.store.beginCheckout(lease, terms));
  }

  /** The session that the user was given before, if it was ordered on the same terms; otherwise it is closed. */
  private async openSession(
    lease: CustomerLease,
    customerId: string,
    terms: CheckoutTerms,
  ): Promise<CheckoutSession | null> {
    const stored = await this.store.checkout(lease.userId);
    if (stored === null) return null;
    const session = await this.sessionOf(lease, customerId, stored);
    if (session?.status === 'open' && isFor(terms, stored)) return session;
    const closed = session?.status === 'open' ? await this.gateway.expireCheckout(session.id) : session;
    if (closed?.status === 'complete') await this.assertPurchaseEnded(lease, customerId, closed);
    return null;
  }

  /** The session of a stored checkout as it is now; should a crash have kept its id from being stored, it is asked for again. */
  private async sessionOf(
    lease: CustomerLease,
    customerId: string,
    stored: StoredCheckout,
  ): Promise<CheckoutSession | null> {
    try {
      const sessionId = stored.stripeSessionId ?? (await this.createAndStoreSession(lease, customerId, stored)).id;
      return await this.gateway.checkout(sessionId);
    } catch (error) {
      // There never was one: Stripe refuses its order, for example since the price is wrong.
      if (stored.stripeSessionId === null && error instanceof RequestRefusedError) return null;
      throw error;
    }
  }

  /**
   * The session was paid, perhaps since the last sync. Another one may only be made if the subscription that it bought has
   * ended.
   *
   * @throws AlreadySubscribedError when it has not; PaymentProviderUnavailableError when that can't be known yet
   */
  private async assertPurchaseEnded(lease: CustomerLease, customerId: string, session: CheckoutSession): Promise<void> {
    const subscriptions = await this.sync.sync(lease, customerId);
    const bought = subscriptions.find(({ id }) => id === session.subscriptionId);
    // A complete session whose subscription is still `incomplete` waits for the bank: a debit takes days.
    assertNotSubscribed(
      subscriptions.filter((each) => blocksPurchase(each) || (each === bought && !hasEnded(each.status))),
    );
    // Stripe's list of subscriptions lags behind the session.
    if (session.subscriptionId !== null && bought === undefined) throw new PaymentProviderUnavailableError();
  }

  /** Asks Stripe for the session of a stored checkout, for the first time or again after a crash. */
  private async createAndStoreSession(
    lease: CustomerLease,
    customerId: string,
    stored: StoredCheckout,
  ): Promise<CheckoutSession> {
    const session = await this.create(lease, customerId, stored);
    try {
      await this.store.saveSession(lease, stored.key, session.id);
    } catch (error) {
      // Another holder has the lease, or the account was deleted: a session that isn't stored must not be paid.
      if (error instanceof LeaseLostError) await this.gateway.expireCheckout(session.id);
      throw error;
    }
    return session;
  }

  private async create(lease: CustomerLease, customerId: string, stored: StoredCheckout): Promise<CheckoutSession> {
    const { userId } = lease;
    try {
      return await this.gateway.createCheckout({ ...stored, userId, customerId });
    } catch (error) {
      if (!(error instanceof IdempotencyKeySpentError)) throw error;
      // Stripe may have made the session before it failed. If it has not, the next attempt takes a new key.
      const made = (await this.gateway.openCheckouts(customerId)).find(({ key }) => key === stored.key);
      if (made !== undefined) return made;
      await this.store.beginCheckout(lease, stored);
      throw error;
    }
  }
}

/** @throws AlreadySubscribedError when there is one */
function assertNotSubscribed(subscriptions: StripeSubscription[]): void {
  const [subscription] = subscriptions;
  if (subscription !== undefined) throw new AlreadySubscribedError(subscription.status);
}

/** A customer has one trial: none after a subscription that began. One that was never paid did not. */
function termsOf({ price, ...returnUrls }: Offer, subscriptions: StripeSubscription[]): CheckoutTerms {
  const { id: priceId, trialDays, promotionCodes, automaticTax } = price;
  const hasBegun = subscriptions.some(({ status }) => !['incomplete', 'incomplete_expired'].includes(status));
  return { priceId, trialDays: hasBegun ? 0 : trialDays, promotionCodes, automaticTax, ...returnUrls };
}

const TERMS = ['priceId', 'trialDays', 'promotionCodes', 'automaticTax', 'successUrl', 'cancelUrl'] as const;

const isFor = (terms: CheckoutTerms, stored: StoredCheckout): boolean =>
  TERMS.every((term) => terms[term] === stored[term]);
