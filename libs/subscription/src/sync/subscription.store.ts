import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { Entitlement } from '../plan/entitlement.js';
import { LeaseLostError } from './customer-lease.errors.js';
import type { CustomerLease } from './customer-lease.store.js';

/** The checkout of a user: asked for at Stripe, or about to be. */
export interface StoredCheckout {
  /** Idempotency key of the session. */
  key: string;
  priceId: string;
  /** Days before the first payment. */
  trialDays: number;
  promotionCodes: boolean;
  automaticTax: boolean;
  successUrl: string;
  cancelUrl: string;
  /** Null: it is not known yet whether Stripe made the session. */
  stripeSessionId: string | null;
  createdAt: Date;
}

/**
 * What a checkout session is ordered with. All of it is stored, so that after a crash the same key comes with the same
 * content, though the catalogue may have changed.
 */
export type CheckoutTerms = Omit<StoredCheckout, 'key' | 'stripeSessionId' | 'createdAt'>;

const BEGIN_CHECKOUT = prepared<{ key: string }>(
  'billing_begin_checkout',
  `
    WITH holder AS (
      UPDATE subscription SET resync_at = LEAST(resync_at, now() + interval '1 minute')
      WHERE user_id = $1 AND fencing_token = $2
      RETURNING user_id
    )
    INSERT INTO checkout (user_id, key, price_id, trial_days, promotion_codes, automatic_tax, success_url, cancel_url)
    SELECT user_id, $3::uuid, $4, $5::int, $6::boolean, $7::boolean, $8, $9 FROM holder
    ON CONFLICT (user_id) DO UPDATE
    SET key = EXCLUDED.key, price_id = EXCLUDED.price_id, trial_days = EXCLUDED.trial_days,
        promotion_codes = EXCLUDED.promotion_codes, automatic_tax = EXCLUDED.automatic_tax,
        success_url = EXCLUDED.success_url, cancel_url = EXCLUDED.cancel_url, stripe_session_id = NULL, created_at = now()
    RETURNING key`,
);

const ABANDON_CUSTOMER = prepared(
  'billing_abandon_customer',
  `
    INSERT INTO stripe_cancellation (customer_id)
    SELECT $1 WHERE NOT EXISTS (SELECT FROM subscription WHERE user_id = $2) ON CONFLICT DO NOTHING`,
);

// Spread over an hour, each customer by its own chance, so that Stripe's rate limit is kept.
const SCHEDULE_SYNC_OF_ALL = prepared(
  'billing_schedule_sync_of_all',
  `UPDATE subscription SET resync_at = now() + random() * interval '1 hour' WHERE stripe_customer_id IS NOT NULL`,
);

/**
 * What we know of customers and their checkouts. All that was learned from Stripe is written under the customer's lease,
 * and fails once that is lost: by then another holder has newer knowledge.
 */
@Injectable()
export class SubscriptionStore {
  constructor(private readonly database: Database) {}

  /**
   * When the customer was last synchronised, `syncedAt` null for never.
   *
   * @returns null when no user has this customer
   */
  async findSyncState(stripeCustomerId: string): Promise<{ syncedAt: Date | null } | null> {
    return this.database.prisma.subscription.findUnique({ where: { stripeCustomerId }, select: { syncedAt: true } });
  }

  /** @throws LeaseLostError */
  async saveCustomer(lease: CustomerLease, customerId: string): Promise<void> {
    await this.update(lease, { stripeCustomerId: customerId });
    lease.customerId = customerId;
  }

  /**
   * Lets the next customer be created under a new key: this one was deleted, or the old key fails for good.
   *
   * @throws LeaseLostError
   */
  async forgetCustomer(lease: CustomerLease): Promise<void> {
    const customerKey = crypto.randomUUID();
    await this.update(lease, { stripeCustomerId: null, customerKey });
    await this.endCheckout(lease);
    Object.assign(lease, { customerId: null, customerKey });
  }

  /** Has a customer deleted at Stripe whose account was deleted while the customer was being created. */
  async abandonCustomer(customerId: string, userId: string): Promise<void> {
    await this.database.run(ABANDON_CUSTOMER, [customerId, userId]);
  }

  /** @throws LeaseLostError */
  async saveEntitlement(lease: CustomerLease, entitlement: Entitlement, resyncAt: Date | null): Promise<void> {
    await this.update(lease, { ...entitlement, resyncAt, syncedAt: lease.claimedAt });
    Object.assign(lease, entitlement);
  }

  /**
   * What was synchronised has not had all its consequences: it doesn't count as fresh, and the next sync is due.
   *
   * @throws LeaseLostError
   */
  async invalidateSync(lease: CustomerLease): Promise<void> {
    await this.update(lease, { syncedAt: null, resyncAt: new Date() });
  }

  /** The user's checkout, if one was begun. */
  async checkout(userId: string): Promise<StoredCheckout | null> {
    return this.database.prisma.checkout.findUnique({ where: { userId } });
  }

  /**
   * Puts a new checkout in place of whichever there was, before Stripe is asked for it.
   *
   * @throws LeaseLostError
   */
  async beginCheckout(lease: CustomerLease, terms: CheckoutTerms): Promise<StoredCheckout> {
    const key = crypto.randomUUID();
    const { priceId, trialDays, promotionCodes, automaticTax, successUrl, cancelUrl } = terms;
    const values = [priceId, trialDays, promotionCodes, automaticTax, successUrl, cancelUrl];
    const stored = await this.database.run(BEGIN_CHECKOUT, [lease.userId, lease.fencingToken, key, ...values]);
    if (stored.length === 0) throw new LeaseLostError();
    return { ...terms, key, stripeSessionId: null, createdAt: new Date() };
  }

  /** @throws LeaseLostError */
  async saveSession({ userId, fencingToken }: CustomerLease, key: string, stripeSessionId: string): Promise<void> {
    const { count } = await this.database.prisma.checkout.updateMany({
      where: { userId, key, subscription: { fencingToken } },
      data: { stripeSessionId },
    });
    if (count === 0) throw new LeaseLostError();
  }

  /** The checkout is over: paid, or closed since there is a subscription already. */
  async endCheckout({ userId, fencingToken }: CustomerLease): Promise<void> {
    await this.database.prisma.checkout.deleteMany({ where: { userId, subscription: { fencingToken } } });
  }

  /** Has every customer synchronised within an hour. */
  async scheduleSyncOfAll(): Promise<void> {
    await this.database.run(SCHEDULE_SYNC_OF_ALL, []);
  }

  /** What is stored about the user's subscription and checkout, for the user to take away. */
  async export(userId: string): Promise<object | null> {
    return this.database.prisma.subscription.findUnique({
      where: { userId },
      select: {
        stripeCustomerId: true,
        stripeSubscriptionId: true,
        status: true,
        plan: true,
        planExpiresAt: true,
        currentPeriodEnd: true,
        cancelAtPeriodEnd: true,
        createdAt: true,
        checkout: { omit: { userId: true, key: true } },
      },
    });
  }

  /**
   * Deletes the user's row. A trigger keeps the bare customer id in `stripe_cancellation` until the worker has deleted the
   * customer at Stripe.
   */
  async erase(userId: string): Promise<void> {
    await this.database.prisma.subscription.deleteMany({ where: { userId } });
  }

  private async update({ userId, fencingToken }: CustomerLease, data: SubscriptionColumns): Promise<void> {
    const { count } = await this.database.prisma.subscription.updateMany({
      where: { userId, fencingToken },
      data: { ...data, updatedAt: new Date() },
    });
    if (count === 0) throw new LeaseLostError();
  }
}

type SubscriptionColumns = Partial<
  Entitlement & { stripeCustomerId: string | null; customerKey: string; resyncAt: Date | null; syncedAt: Date | null }
>;
