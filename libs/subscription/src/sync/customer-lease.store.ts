import { setTimeout as sleep } from 'node:timers/promises';
import { UnauthenticatedError } from '@app/auth';
import { Database, PeriodicTask, prepared, withTimeout } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import type { KnownGrace } from '../plan/entitlement.js';
import { LeaseLostError } from './customer-lease.errors.js';

/** The right to talk to Stripe about one customer, and what was known of the customer when it was claimed. */
export interface CustomerLease extends KnownGrace {
  userId: string;
  /** Writes count only while this is the row's newest. */
  fencingToken: number;
  customerId: string | null;
  customerKey: string;
  currentPeriodEnd: Date | null;
  /** The plan that the last sync led to. */
  plan: string;
  /** By PostgreSQL's clock: what is asked of Stripe from now on is at least this new. */
  claimedAt: Date;
}

/** A dead holder blocks its customer for this long. */
const LEASE_MS = 15_000;
const EXTEND_INTERVAL_MS = 4_000;
/** How long a request waits for other holders of its customer's lease. */
const CLAIM_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
/** How often a request's work begins anew after it has lost its lease. */
const MAX_LOSSES = 2;

const OPEN_ROW = prepared(
  'billing_open_row',
  'INSERT INTO subscription (user_id) SELECT id FROM "user" WHERE id = $1 ON CONFLICT DO NOTHING',
);

const HAS_ROW = prepared<{ found: number }>(
  'billing_has_row',
  'SELECT 1 AS found FROM subscription WHERE user_id = $1',
);

const claim = (name: string, column: string) =>
  prepared<CustomerLease>(
    name,
    `
    UPDATE subscription
    SET fencing_token = fencing_token + 1, lease_until = now() + make_interval(secs => $2::float8 / 1000)
    WHERE ${column} = $1 AND (lease_until IS NULL OR lease_until <= now())
    RETURNING user_id AS "userId", fencing_token AS "fencingToken", stripe_customer_id AS "customerId",
              customer_key AS "customerKey", plan, status, stripe_subscription_id AS "stripeSubscriptionId",
              plan_expires_at AS "planExpiresAt", current_period_end AS "currentPeriodEnd", now() AS "claimedAt"`,
  );
const CLAIM_BY_USER = claim('billing_claim_user', 'user_id');
const CLAIM_BY_CUSTOMER = claim('billing_claim_customer', 'stripe_customer_id');

const EXTEND = prepared(
  'billing_extend',
  `
    UPDATE subscription SET lease_until = now() + make_interval(secs => $3::float8 / 1000)
    WHERE user_id = $1 AND fencing_token = $2 AND lease_until IS NOT NULL`,
);

const RELEASE = prepared(
  'billing_release',
  'UPDATE subscription SET lease_until = NULL WHERE user_id = $1 AND fencing_token = $2',
);

/**
 * Leases on customers: whoever talks to Stripe about a customer holds the one on its row. No transaction and no
 * connection is held over the network. The fencing token refuses the writes of a holder whose lease ran out meanwhile.
 */
@Injectable()
export class CustomerLeaseStore {
  private readonly logger = new Logger(CustomerLeaseStore.name);

  constructor(private readonly database: Database) {}

  /**
   * Does work under the customer's lease.
   *
   * @returns null, without the work, when there is no such customer or another holder has the lease
   */
  async withCustomerLease<T>(customerId: string, work: (lease: CustomerLease) => Promise<T>): Promise<T | null> {
    const [lease] = await this.database.run(CLAIM_BY_CUSTOMER, [customerId, LEASE_MS]);
    return lease === undefined ? null : this.withLease(lease, work);
  }

  /**
   * Does work under the lease of the user's customer, after waiting for other holders. The user's row is made if need be.
   * Work that loses its lease is done again under a new one. An account that is being deleted takes its leases away twice, with
   * its data and in the end, and is then found to exist no more.
   *
   * @throws LeaseLostError when other holders take too long, or the lease is lost again and again
   * @throws UnauthenticatedError when the account no longer exists
   */
  async withUserLease<T>(userId: string, work: (lease: CustomerLease) => Promise<T>): Promise<T> {
    for (let losses = 0; ; losses++) {
      const lease = await this.claimByUser(userId);
      try {
        return await this.withLease(lease, work);
      } catch (error) {
        if (!(error instanceof LeaseLostError) || losses === MAX_LOSSES) throw error;
      }
    }
  }

  private async claimByUser(userId: string): Promise<CustomerLease> {
    await this.database.run(OPEN_ROW, [userId]);
    const deadline = Date.now() + CLAIM_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const [lease] = await this.database.run(CLAIM_BY_USER, [userId, LEASE_MS]);
      if (lease !== undefined) return lease;
      if (!(await this.hasRow(userId))) throw new UnauthenticatedError(true);
      await sleep(POLL_MS);
    }
    throw new LeaseLostError();
  }

  /** Whether the account, to which the row belongs, still exists. */
  private async hasRow(userId: string): Promise<boolean> {
    return (await this.database.run(HAS_ROW, [userId])).length > 0;
  }

  private async withLease<T>(lease: CustomerLease, work: (lease: CustomerLease) => Promise<T>): Promise<T> {
    const { userId, fencingToken } = lease;
    const extension = new PeriodicTask({
      name: "Extending a customer's lease",
      intervalMs: EXTEND_INTERVAL_MS,
      // An extension on a connection that hangs must not keep the next one from being tried in time.
      run: () =>
        withTimeout(EXTEND_INTERVAL_MS, this.database.run(EXTEND, [userId, fencingToken, LEASE_MS]), () => null),
    });
    extension.start();
    try {
      return await work(lease);
    } finally {
      extension.stop();
      await this.database
        .run(RELEASE, [userId, fencingToken])
        .catch((error: Error) => this.logger.warn(`A customer's lease was not released: ${error.message}`));
    }
  }
}
