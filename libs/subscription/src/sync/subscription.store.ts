import { Database, type PreparedStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { Entitlement } from '../plan/entitlement.js';
import { type CustomerLease, LeaseLostError } from './customer-lease.store.js';

/** The checkout of a user: asked for at Stripe, or about to be. */
export interface StoredCheckout {
  /** Idempotency key of the session. */
  key: string;
  priceId: string;
  successUrl: string;
  cancelUrl: string;
  /** Null: nobody knows yet whether Stripe made the session. */
  stripeSessionId: string | null;
  createdAt: Date;
}

/** What a checkout is asked for with. */
export type CheckoutTerms = Pick<StoredCheckout, 'priceId' | 'successUrl' | 'cancelUrl'>;

const BEGIN_CHECKOUT: PreparedStatement = {
  name: 'billing_begin_checkout',
  text: `
    WITH holder AS (
      UPDATE subscription SET resync_at = LEAST(resync_at, now() + interval '1 minute')
      WHERE user_id = $1 AND fence = $2
      RETURNING user_id
    )
    INSERT INTO checkout (user_id, key, price_id, success_url, cancel_url)
    SELECT user_id, $3::uuid, $4, $5, $6 FROM holder
    ON CONFLICT (user_id) DO UPDATE
    SET key = EXCLUDED.key, price_id = EXCLUDED.price_id, success_url = EXCLUDED.success_url,
        cancel_url = EXCLUDED.cancel_url, stripe_session_id = NULL, created_at = now()
    RETURNING key`,
};

const ABANDON_CUSTOMER: PreparedStatement = {
  name: 'billing_abandon_customer',
  text: `
    INSERT INTO stripe_cancellation (customer_id)
    SELECT $1 WHERE NOT EXISTS (SELECT FROM subscription WHERE user_id = $2) ON CONFLICT DO NOTHING`,
};

/**
 * What we know of customers and their checkouts. Everything is written under a lease, and fails once that is lost: by
 * then someone else knows better.
 */
@Injectable()
export class SubscriptionStore {
  constructor(private readonly database: Database) {}

  /** When the customer was last looked at; undefined for a customer of nobody's. */
  async syncedAt(stripeCustomerId: string): Promise<Date | null | undefined> {
    const row = await this.database.prisma.subscription.findUnique({
      where: { stripeCustomerId },
      select: { syncedAt: true },
    });
    return row?.syncedAt;
  }

  /** @throws LeaseLostError */
  async saveCustomer(lease: CustomerLease, customerId: string): Promise<void> {
    await this.update(lease, { stripeCustomerId: customerId });
    lease.customerId = customerId;
  }

  /**
   * Lets the next customer be created under a new key: this one is gone, or the old key fails for good.
   *
   * @throws LeaseLostError
   */
  async forgetCustomer(lease: CustomerLease): Promise<void> {
    const customerKey = crypto.randomUUID();
    await this.update(lease, { stripeCustomerId: null, customerKey });
    await this.endCheckout(lease);
    Object.assign(lease, { customerId: null, customerKey });
  }

  /** Has a customer ended at Stripe whose account was deleted while it was being created. */
  async abandonCustomer(customerId: string, userId: string): Promise<void> {
    await this.database.run(ABANDON_CUSTOMER, [customerId, userId]);
  }

  /** @throws LeaseLostError */
  async saveEntitlement(lease: CustomerLease, entitlement: Entitlement, resyncAt: Date | null): Promise<void> {
    await this.update(lease, { ...entitlement, resyncAt, syncedAt: lease.claimedAt });
    Object.assign(lease, entitlement);
  }

  /**
   * What was looked at isn't done with: nothing counts as fresh, and the next look is due.
   *
   * @throws LeaseLostError
   */
  async lookAgain(lease: CustomerLease): Promise<void> {
    await this.update(lease, { syncedAt: null, resyncAt: new Date() });
  }

  /** The user's checkout, if one was begun. */
  async checkout(userId: string): Promise<StoredCheckout | null> {
    return this.database.prisma.checkout.findUnique({ where: { userId } });
  }

  /**
   * Puts a new checkout in place of whichever there was, before Stripe hears of it.
   *
   * @throws LeaseLostError
   */
  async beginCheckout(lease: CustomerLease, terms: CheckoutTerms): Promise<StoredCheckout> {
    const key = crypto.randomUUID();
    const { priceId, successUrl, cancelUrl } = terms;
    const values = [lease.userId, lease.fencingToken, key, priceId, successUrl, cancelUrl];
    const stored = await this.database.run(BEGIN_CHECKOUT, values);
    if (stored.length === 0) throw new LeaseLostError();
    return { key, priceId, successUrl, cancelUrl, stripeSessionId: null, createdAt: new Date() };
  }

  /** @throws LeaseLostError */
  async saveSession({ userId, fencingToken }: CustomerLease, key: string, stripeSessionId: string): Promise<void> {
    const { count } = await this.database.prisma.checkout.updateMany({
      where: { userId, key, subscription: { fence } },
      data: { stripeSessionId },
    });
    if (count === 0) throw new LeaseLostError();
  }

  /** The checkout is over: paid, or closed since there is a subscription already. */
  async endCheckout({ userId, fencingToken }: CustomerLease): Promise<void> {
    await this.database.prisma.checkout.deleteMany({ where: { userId, subscription: { fence } } });
  }

  private async update({ userId, fencingToken }: CustomerLease, data: SubscriptionColumns): Promise<void> {
    const { count } = await this.database.prisma.subscription.updateMany({
      where: { userId, fence },
      data: { ...data, updatedAt: new Date() },
    });
    if (count === 0) throw new LeaseLostError();
  }
}

type SubscriptionColumns = Partial<
  Entitlement & { stripeCustomerId: string | null; customerKey: string; resyncAt: Date | null; syncedAt: Date | null }
>;
