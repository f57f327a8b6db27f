import { Database, type PreparedStatement } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { PaymentProviderUnavailableError } from '../stripe/subscription.errors.js';
import type { KnownGrace } from '../plan/entitlement.js';

/** The right to talk to Stripe about one customer, and what we knew when it was given. */
export interface CustomerLease extends KnownGrace {
  userId: string;
  /** Writes count only while this is the newest. */
  fencingToken: number;
  customerId: string | null;
  customerKey: string;
  currentPeriodEnd: Date | null;
  /** By PostgreSQL's clock: what is asked of Stripe now is at least this new. */
  claimedAt: Date;
}

/** Someone else took over: nothing of what was done since then may be stored. */
export class LeaseLostError extends PaymentProviderUnavailableError {}

/** A dead holder blocks its customer for this long. */
const LEASE_MS = 15_000;
const BEAT_MS = 4_000;
/** How long a request waits for others that talk about its customer. */
const PATIENCE_MS = 20_000;
const POLL_MS = 50;

const OPEN_ROW: PreparedStatement = {
  name: 'billing_open_row',
  text: 'INSERT INTO subscription (user_id) SELECT id FROM "user" WHERE id = $1 ON CONFLICT DO NOTHING',
};

const claim = (name: string, column: string): PreparedStatement => ({
  name,
  text: `
    UPDATE subscription SET fence = fence + 1, lease_until = now() + make_interval(secs => $2::float8 / 1000)
    WHERE ${column} = $1 AND (lease_until IS NULL OR lease_until <= now())
    RETURNING user_id AS "userId", fence, stripe_customer_id AS "customerId", customer_key AS "customerKey", status,
              stripe_subscription_id AS "stripeSubscriptionId", plan_expires_at AS "planExpiresAt",
              current_period_end AS "currentPeriodEnd", now() AS "claimedAt"`,
});
const CLAIM_BY_USER = claim('billing_claim_user', 'user_id');
const CLAIM_BY_CUSTOMER = claim('billing_claim_customer', 'stripe_customer_id');

const BEAT: PreparedStatement = {
  name: 'billing_beat',
  text: `
    UPDATE subscription SET lease_until = now() + make_interval(secs => $3::float8 / 1000)
    WHERE user_id = $1 AND fence = $2 AND lease_until IS NOT NULL`,
};

const RELEASE: PreparedStatement = {
  name: 'billing_release',
  text: 'UPDATE subscription SET lease_until = NULL WHERE user_id = $1 AND fence = $2',
};

/**
 * One at a time per customer: whoever talks to Stripe about a customer holds a lease on the row. No transaction and no
 * connection is held over the network; the fence keeps those out who were thought dead and come back.
 */
@Injectable()
export class CustomerLeaseStore {
  private readonly logger = new Logger(CustomerLeaseStore.name);

  constructor(private readonly database: Database) {}

  /**
   * Does work as the only one for this customer.
   *
   * @returns null, without the work, when there is no such customer or someone else holds it
   */
  async withCustomerLease<T>(customerId: string, work: (lease: CustomerLease) => Promise<T>): Promise<T | null> {
    const [lease] = await this.database.run<CustomerLease>(CLAIM_BY_CUSTOMER, [customerId, LEASE_MS]);
    return lease === undefined ? null : this.hold(lease, work);
  }

  /**
   * Does work as the only one for this user, whose row is made if need be, after those who came before.
   *
   * @throws LeaseLostError when they take too long, or the account is gone
   */
  async withUserLease<T>(userId: string, work: (lease: CustomerLease) => Promise<T>): Promise<T> {
    await this.database.run(OPEN_ROW, [userId]);
    for (const patience = Date.now() + PATIENCE_MS; Date.now() < patience;) {
      const [lease] = await this.database.run<CustomerLease>(CLAIM_BY_USER, [userId, LEASE_MS]);
      if (lease !== undefined) return this.hold(lease, work);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new LeaseLostError();
  }

  private async hold<T>(lease: CustomerLease, work: (lease: CustomerLease) => Promise<T>): Promise<T> {
    const beat = setInterval(() => {
      this.database
        .run(BEAT, [lease.userId, lease.fencingToken, LEASE_MS])
        .catch((error: Error) => this.logger.warn(`A lease was not extended: ${error.message}`));
    }, BEAT_MS);
    try {
      return await work(lease);
    } finally {
      clearInterval(beat);
      await this.database
        .run(RELEASE, [lease.userId, lease.fencingToken])
        .catch((error: Error) => this.logger.warn(`A lease was not given back: ${error.message}`));
    }
  }
}
