import type { StripeSubscription } from '../plan/entitlement.js';

/** A page on which a subscription is bought. */
export interface CheckoutSession {
  id: string;
  /** `open` can be paid; `complete` was paid; `expired` can't be paid any more. */
  status: 'open' | 'complete' | 'expired';
  /** Where to send the user; only of an open session. */
  url: string | null;
  expiresAt: Date;
  /** What was bought, once it was paid. */
  subscriptionId: string | null;
}

/** What a checkout session is made of. The same key with the same content gives the same session, for a day. */
export interface CheckoutOrder {
  key: string;
  userId: string;
  customerId: string;
  priceId: string;
  /** Days before the first payment; 0: it is due at once. */
  trialDays: number;
  /** Whether the page takes promotion codes. */
  promotionCodes: boolean;
  /** Whether Stripe works out the tax, for which the page asks for an address. */
  automaticTax: boolean;
  successUrl: string;
  cancelUrl: string;
}

/** Something happened at Stripe: which customer it concerns, or the object that leads to the customer. Never what happened. */
export interface PaymentEvent {
  id: string;
  type: string;
  customerId: string | null;
  objectType: string | null;
  objectId: string | null;
}

/** An event from the list of past events. */
export type ListedPaymentEvent = PaymentEvent & { createdAt: Date };

/**
 * The payment provider. Every call is bounded in time.
 *
 * Any call can throw `PaymentProviderUnavailableError`: its subclass `IdempotencyKeySpentError` when the call's key can't
 * succeed any more, `RequestRefusedError` when certainly nothing was done.
 */
export abstract class PaymentGateway {
  /** False without an API key: then every call throws. */
  abstract readonly isConfigured: boolean;

  /**
   * Creates a customer that is known by nothing but our user's id.
   *
   * @param key idempotency key: the same key gives the same customer, for a day
   * @returns the customer's id
   */
  abstract createCustomer(userId: string, key: string): Promise<string>;

  /** @throws UnknownCustomerError when the customer does not exist any more */
  abstract createCheckout(order: CheckoutOrder): Promise<CheckoutSession>;

  /** The session as it is now; null when there is none of this id. */
  abstract checkout(sessionId: string): Promise<CheckoutSession | null>;

  /** The customer's open sessions, each with the key that it was ordered under. @throws UnknownCustomerError */
  abstract openCheckouts(customerId: string): Promise<(CheckoutSession & { key: string | null })[]>;

  /**
   * Makes sure that the session can't be paid any more.
   *
   * @returns the session as it is then: it may have been paid just before
   */
  abstract expireCheckout(sessionId: string): Promise<CheckoutSession | null>;

  /** A page for changing the plan, cancelling, paying open invoices and changing the card. @throws UnknownCustomerError */
  abstract createPortal(customerId: string, returnUrl: string): Promise<string>;

  /** All subscriptions that the customer has or had. @throws UnknownCustomerError */
  abstract subscriptionsOf(customerId: string): Promise<StripeSubscription[]>;

  /** Ends a subscription at once. One that has ended, or doesn't exist, is no error. */
  abstract cancelSubscription(subscriptionId: string): Promise<void>;

  /** Deletes the customer with everything personal. One that does not exist is no error. */
  abstract deleteCustomer(customerId: string): Promise<void>;

  /** The customer to whom an object belongs; null when it has none, was deleted, or is of a kind that we don't follow. */
  abstract customerOf(objectType: string, objectId: string): Promise<string | null>;

  /**
   * The events that can change a plan, newest first.
   *
   * @param from the earliest time of creation
   * @param until the first time of creation that is left out; null: up to now
   */
  abstract events(from: Date, until: Date | null): AsyncIterable<ListedPaymentEvent>;

  /**
   * Reads a webhook, snapshot or thin, once its signature is proved.
   *
   * @param payload the body's exact bytes
   * @param secrets any of them may have signed
   * @throws InvalidSignatureError also when it was signed too long ago, or in the future; InvalidEventError
   */
  abstract readWebhook(
    payload: Buffer,
    signature: string | undefined,
    secrets: readonly string[],
    now: Date,
  ): PaymentEvent;
}
