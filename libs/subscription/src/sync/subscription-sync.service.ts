import { setTimeout } from 'node:timers/promises';
import { AuditTrail, Clock } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { DEFAULT_PLAN, PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { entitlementOf, hasEnded, type StripeSubscription, unknownPrices } from '../plan/entitlement.js';
import { PlanConfig } from '../plan/plan.config.js';
import { UnknownCustomerError } from '../stripe/payment-gateway.errors.js';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { BillingMetrics } from './billing.metrics.js';
import { type CustomerLease, CustomerLeaseStore } from './customer-lease.store.js';
import { nextSyncAt } from './next-sync-at.js';
import { SubscriptionStore } from './subscription.store.js';

/** How long to wait for the lease: the events of one payment come at once, and one sync is enough for most of them. */
const LEASE_TIMEOUT_MS = 3_000;
const POLL_MS = 50;

/**
 * How a sync ended: `synced` now; `fresh`, it was new enough before; `busy`, another holder kept the lease; or
 * `unknown_customer`, no user has this customer.
 */
export type SyncOutcome = 'synced' | 'fresh' | 'busy' | 'unknown_customer';

/** The one way from Stripe to our row: list the customer's subscriptions, derive the plan, store it. */
@Injectable()
export class SubscriptionSyncService {
  private readonly logger = new Logger(SubscriptionSyncService.name);
  /** The unknown prices that this process has reported. Prices are few, however many customers have them. */
  private readonly reportedPrices = new Set<string>();

  constructor(
    private readonly gateway: PaymentGateway,
    private readonly leases: CustomerLeaseStore,
    private readonly store: SubscriptionStore,
    private readonly clock: Clock,
    private readonly config: PlanConfig,
    private readonly metrics: BillingMetrics,
    private readonly catalogue: PlanCatalogue,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Brings the customer's row up to date.
   *
   * @param since what is at least this new is fresh; null: nothing is
   * @throws PaymentProviderUnavailableError
   */
  async syncCustomer(customerId: string, since: Date | null): Promise<SyncOutcome> {
    const deadline = Date.now() + LEASE_TIMEOUT_MS;
    for (;;) {
      const state = await this.store.findSyncState(customerId);
      if (state === null) return 'unknown_customer';
      const { syncedAt } = state;
      if (since !== null && syncedAt !== null && syncedAt > since) return 'fresh';
      const subscriptions = await this.leases.withCustomerLease(customerId, (lease) => this.sync(lease, customerId));
      if (subscriptions !== null) return 'synced';
      if (Date.now() > deadline) return 'busy';
      await setTimeout(POLL_MS);
    }
  }

  /**
   * The same for the holder of a lease.
   *
   * @returns the subscriptions as Stripe has them
   * @throws UnknownCustomerError when Stripe never had this customer, though the paid period isn't over: a wrong key,
   *   rather than a wrong plan
   */
  async sync(lease: CustomerLease, customerId: string): Promise<StripeSubscription[]> {
    const subscriptions = await this.subscriptionsOf(lease, customerId);
    const now = this.clock.now();
    const entitlement = entitlementOf(subscriptions, lease, now, this.config.PAST_DUE_GRACE_DAYS, this.catalogue);
    const checkout = await this.store.checkout(lease.userId);
    const isSame = (['plan', 'status', 'stripeSubscriptionId'] as const).every(
      (key) => entitlement[key] === lease[key],
    );
    // Storing brings the lease up to date, too.
    const [from, to] = [lease.plan, entitlement.plan];
    await this.store.saveEntitlement(lease, entitlement, nextSyncAt(entitlement, checkout?.createdAt ?? null, now));
    this.metrics.syncs.inc({ outcome: isSame ? 'same' : 'changed' });
    if (from !== to) await this.audit.write({ action: 'plan_changed', userId: lease.userId, detail: { from, to } });
    if (subscriptions.some(blocksPurchase)) await this.closeCheckout(lease, checkout?.stripeSessionId ?? null);
    this.reportDoubles(customerId, subscriptions);
    this.reportUnknownPrices(subscriptions);
    return subscriptions;
  }

  private async subscriptionsOf(lease: CustomerLease, customerId: string): Promise<StripeSubscription[]> {
    try {
      return await this.gateway.subscriptionsOf(customerId);
    } catch (error) {
      if (!(error instanceof UnknownCustomerError)) throw error;
      this.metrics.syncs.inc({ outcome: 'unknown' });
      this.logger.error(`${error.message}: ${customerId}`);
      const hasPaid = lease.currentPeriodEnd !== null && lease.currentPeriodEnd > this.clock.now();
      if (hasPaid && !error.wasDeleted) throw error;
      // Without its customer a session can't be paid any more.
      await this.store.endCheckout(lease);
      return [];
    }
  }

  /** Beside a running subscription, a session that is still open would sell a second one. */
  private async closeCheckout(lease: CustomerLease, sessionId: string | null): Promise<void> {
    try {
      if (sessionId !== null) await this.gateway.expireCheckout(sessionId);
    } catch (error) {
      await this.store.invalidateSync(lease);
      throw error;
    }
    await this.store.endCheckout(lease);
  }

  private reportDoubles(customerId: string, subscriptions: StripeSubscription[]): void {
    if (subscriptions.filter(blocksPurchase).length <= 1) return;
    this.metrics.doubles.inc();
    this.logger.error(`The customer ${customerId} has more than one running subscription`);
  }

  /** Each price once per process: every sync of every customer who has it would say the same. */
  private reportUnknownPrices(subscriptions: StripeSubscription[]): void {
    for (const price of unknownPrices(subscriptions, this.catalogue)) {
      if (this.reportedPrices.has(price)) continue;
      this.reportedPrices.add(price);
      const plan = this.catalogue.lowestPaid?.name ?? DEFAULT_PLAN;
      this.logger.warn(`No plan has the price ${price}: subscriptions at it count as ${plan}`);
    }
  }
}

/**
 * Whether the subscription stands in the way of another purchase. It does not while its own first payment is still to
 * come (`incomplete`): that is a part of its checkout.
 */
export const blocksPurchase = ({ status }: StripeSubscription): boolean => !hasEnded(status) && status !== 'incomplete';
