import { Injectable } from '@nestjs/common';
import { wireSubscription } from '../wire/subscription.wire.js';
import { EventLog } from './event-log.js';
import { Invoices } from './invoices.js';
import type { CancellationReason, SubscriptionRecord } from './records.js';
import { StripeState } from './stripe-state.js';
import { invalid } from './stripe.errors.js';
import { TestClock } from './test-clock.js';

/** Whether a subscription is in a final status. */
export const hasEnded = ({ status }: SubscriptionRecord): boolean =>
  status === 'canceled' || status === 'incomplete_expired';

/** Changes the status of subscriptions and appends the events of each change. Payments are in `Billing`. */
@Injectable()
export class Subscriptions {
  constructor(
    private readonly state: StripeState,
    private readonly events: EventLog,
    private readonly invoices: Invoices,
    private readonly clock: TestClock,
  ) {}

  /** Makes a change, and appends an event if the subscription differs afterwards. */
  change<T>(subscription: SubscriptionRecord, mutate: () => T): T {
    const toWire = () => wireSubscription(this.state, subscription);
    return this.events.change('customer.subscription.updated', toWire, mutate);
  }

  /** Appends the event of this name. */
  emit(subscription: SubscriptionRecord, what: 'created' | 'deleted' | 'paused' | 'resumed' | 'trial_will_end'): void {
    this.events.append(`customer.subscription.${what}`, wireSubscription(this.state, subscription));
  }

  setStatus(subscription: SubscriptionRecord, status: string): void {
    this.change(subscription, () => {
      if (status === 'past_due' && subscription.status !== 'past_due') subscription.pastDueSince = this.clock.now();
      if (status === 'active' || status === 'trialing') subscription.pastDueSince = null;
      subscription.pausedAt = null;
      subscription.status = status;
    });
  }

  /**
   * Schedules the end for a later instant.
   *
   * @param at Unix seconds
   * @param flag the value of `cancel_at_period_end`: the portal leaves it false in the flexible billing mode
   */
  scheduleCancellation(subscription: SubscriptionRecord, at: number, flag: boolean): void {
    this.change(subscription, () => {
      subscription.cancelAt = at;
      subscription.cancelAtPeriodEnd = flag;
      subscription.canceledAt ??= this.clock.now();
      subscription.cancellationReason = 'cancellation_requested';
    });
  }

  /** Removes a scheduled cancellation. */
  keep(subscription: SubscriptionRecord): void {
    this.change(subscription, () => {
      subscription.cancelAt = null;
      subscription.cancelAtPeriodEnd = false;
      subscription.canceledAt = null;
      subscription.cancellationReason = null;
    });
  }

  /** Ends it at once; its unpaid invoices are not charged any more. */
  cancel(subscription: SubscriptionRecord, reason: CancellationReason): void {
    subscription.status = 'canceled';
    subscription.endedAt = this.clock.now();
    subscription.canceledAt ??= this.clock.now();
    subscription.pausedAt = null;
    subscription.cancellationReason = reason;
    for (const invoice of this.state.invoicesOf(subscription.id)) {
      if (invoice.status === 'draft' || invoice.status === 'open') this.invoices.stopCollecting(invoice);
    }
    this.emit(subscription, 'deleted');
  }

  /** Ends a subscription whose first payment was not made in time. */
  expire(subscription: SubscriptionRecord): void {
    for (const invoice of this.state.invoicesOf(subscription.id)) {
      if (invoice.status === 'open') this.invoices.void(invoice);
    }
    this.change(subscription, () => {
      subscription.status = 'incomplete_expired';
      subscription.pausedAt = null;
      subscription.endedAt = this.clock.now();
    });
  }

  pause(subscription: SubscriptionRecord): void {
    if (subscription.status === 'paused') throw invalid('This subscription is already paused.');
    this.change(subscription, () => {
      subscription.status = 'paused';
      subscription.pausedAt = this.clock.now();
    });
    this.emit(subscription, 'paused');
  }
}
