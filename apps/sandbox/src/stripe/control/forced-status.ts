import { Injectable } from '@nestjs/common';
import { Billing } from '../account/billing.js';
import type { SubscriptionRecord } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { invalid } from '../account/stripe.errors.js';
import { hasEnded, Subscriptions } from '../account/subscriptions.js';
import { TestClock } from '../account/test-clock.js';

/** Sets the status of a subscription, with the payments and events that would have led to it. */
@Injectable()
export class ForcedStatus {
  constructor(
    private readonly state: StripeState,
    private readonly subscriptions: Subscriptions,
    private readonly billing: Billing,
    private readonly clock: TestClock,
  ) {}

  /** @throws StripeApiError for a subscription that has ended, which is final at Stripe */
  force(subscription: SubscriptionRecord, status: string): void {
    if (subscription.status === status) return;
    if (hasEnded(subscription)) throw invalid(`${subscription.id} has ended, which is final at Stripe`);
    switch (status) {
      case 'canceled':
        return this.subscriptions.cancel(subscription, 'cancellation_requested');
      case 'incomplete_expired':
        return this.subscriptions.expire(subscription);
      case 'paused':
        return this.subscriptions.pause(subscription);
      case 'past_due':
        return this.pastDue(subscription);
      case 'active':
        return this.active(subscription);
      case 'trialing':
        return this.trialing(subscription);
      default:
        return this.subscriptions.setStatus(subscription, status);
    }
  }

  /** A charge just failed. */
  private pastDue(subscription: SubscriptionRecord): void {
    this.billing.failNow(subscription);
    if (!hasEnded(subscription)) this.subscriptions.setStatus(subscription, 'past_due');
  }

  /** All open invoices are paid; a paused subscription is resumed. */
  private active(subscription: SubscriptionRecord): void {
    const wasPaused = subscription.status === 'paused';
    for (const invoice of this.state.invoicesOf(subscription.id)) {
      if (invoice.status === 'open') this.billing.settle(invoice);
    }
    this.subscriptions.setStatus(subscription, 'active');
    if (wasPaused) this.subscriptions.emit(subscription, 'resumed');
  }

  /** The rest of the period is free. */
  private trialing(subscription: SubscriptionRecord): void {
    subscription.trialStart = this.clock.now();
    subscription.trialEnd = subscription.periodEnd;
    this.subscriptions.setStatus(subscription, 'trialing');
  }
}
