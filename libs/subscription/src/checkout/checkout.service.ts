import { Injectable } from '@nestjs/common';
import { AlreadySubscribedError, PaymentProviderUnavailableError } from '../stripe/subscription.errors.js';
import {
  IdempotencyKeySpentError,
  RequestRefusedError,
  UnknownCustomerError,
} from '../stripe/payment-gateway.errors.js';
import { type CheckoutSession, PaymentGateway } from '../stripe/payment-gateway.port.js';
import { type CustomerLease, CustomerLeaseStore, LeaseLostError } from '../sync/customer-lease.store.js';
import { hasEnded, type StripeSubscription } from '../plan/entitlement.js';
import { blocksPurchase, SubscriptionSync } from '../sync/subscription-sync.service.js';
import { type CheckoutTerms, type StoredCheckout, SubscriptionStore } from '../sync/subscription.store.js';
import { CheckoutConfig } from './checkout.config.js';
import { CustomerService } from './customer.service.js';
import { type ReturnUrls, ReturnUrlService } from './return-url.service.js';

/**
 * Sells the Pro plan so that nobody pays twice: one customer per user, one payable session per customer, none beside a
 * running subscription. Each step is stored before the next, under a key that finds it again after a crash.
 */
@Injectable()
export class CheckoutService {
  constructor(
    private readonly gateway: PaymentGateway,
    private readonly leases: CustomerLeaseStore,
    private readonly store: SubscriptionStore,
    private readonly sync: SubscriptionSync,
    private readonly customers: CustomerService,
    private readonly returnUrls: ReturnUrlService,
    private readonly config: CheckoutConfig,
  ) {}

  /**
   * The page on which the user can pay: the one that is open, or a new one.
   *
   * @throws ValidationFailedError, AlreadySubscribedError, PaymentProviderUnavailableError
   */
  async subscribe(userId: string, urls: Partial<ReturnUrls>): Promise<CheckoutSession> {
    const returnUrls = this.returnUrls.check(urls);
    const { STRIPE_PRICE_ID: priceId } = this.config;
    if (priceId === undefined || !this.gateway.isConfigured) throw new PaymentProviderUnavailableError();
    const terms = { priceId, ...returnUrls };
    return this.forCustomer(userId, (lease, customerId) => this.payableSession(lease, customerId, terms));
  }

  /**
   * A page on which the user can cancel, pay what is open, or change the card.
   *
   * @throws PaymentProviderUnavailableError
   */
  async portal(userId: string): Promise<string> {
    if (!this.gateway.isConfigured) throw new PaymentProviderUnavailableError();
    const { CHECKOUT_CANCEL_URL: returnUrl } = this.config;
    return this.forCustomer(userId, (_, customerId) => this.gateway.createPortal(customerId, returnUrl));
  }

  /** Does the work for the user's customer; once more for a new customer, should Stripe have lost the old one. */
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

  private async payableSession(
    lease: CustomerLease,
    customerId: string,
    terms: CheckoutTerms,
  ): Promise<CheckoutSession> {
    // Stripe itself is asked, since a webhook may be late.
    const subscriptions = await this.sync.sync(lease, customerId);
    refuse(subscriptions.filter(blocksPurchase));
    const open = await this.openSession(lease, customerId, terms);
    if (open !== null) return open;
    // Begun, never paid, and its page is closed: should its invoice still be paid, there would be two.
    const begun = subscriptions.filter(({ status }) => status === 'incomplete');
    for (const { id } of begun) await this.gateway.cancelSubscription(id);
    return this.place(lease, customerId, await this.store.beginCheckout(lease, terms));
  }

  /** The session that the user was given before, if it leads to the same end; otherwise it is closed. */
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
    if (closed?.status === 'complete') await this.refusePaid(lease, customerId, closed);
    return null;
  }

  /** The session of a stored checkout as it is now; should we have died while it was made, Stripe is asked once more. */
  private async sessionOf(
    lease: CustomerLease,
    customerId: string,
    stored: StoredCheckout,
  ): Promise<CheckoutSession | null> {
    try {
      const sessionId = stored.stripeSessionId ?? (await this.place(lease, customerId, stored)).id;
      return await this.gateway.checkout(sessionId);
    } catch (error) {
      // There never was one: it was asked for in a way that Stripe refuses, such as a wrong price.
      if (stored.stripeSessionId === null && error instanceof RequestRefusedError) return null;
      throw error;
    }
  }

  /** The session was paid, perhaps since we looked: it makes way for another one only if what it bought has ended. */
  private async refusePaid(lease: CustomerLease, customerId: string, session: CheckoutSession): Promise<void> {
    const subscriptions = await this.sync.sync(lease, customerId);
    const bought = subscriptions.find(({ id }) => id === session.subscriptionId);
    // A complete session whose subscription is still `incomplete` waits for the bank: a debit takes days.
    refuse(subscriptions.filter((each) => blocksPurchase(each) || (each === bought && !hasEnded(each.status))));
    // Stripe's list lags behind: we can't know yet.
    if (session.subscriptionId !== null && bought === undefined) throw new PaymentProviderUnavailableError();
  }

  /** Asks Stripe for the session of a stored checkout, for the first time or again after a crash. */
  private async place(lease: CustomerLease, customerId: string, stored: StoredCheckout): Promise<CheckoutSession> {
    const session = await this.create(lease, customerId, stored);
    try {
      await this.store.saveSession(lease, stored.key, session.id);
    } catch (error) {
      // Someone took over, or the account is gone: a session that we don't know of must not be paid.
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

function refuse(subscriptions: StripeSubscription[]): void {
  const [subscription] = subscriptions;
  if (subscription !== undefined) throw new AlreadySubscribedError(subscription.status);
}

const isFor = (terms: CheckoutTerms, stored: StoredCheckout): boolean =>
  terms.priceId === stored.priceId && terms.successUrl === stored.successUrl && terms.cancelUrl === stored.cancelUrl;
