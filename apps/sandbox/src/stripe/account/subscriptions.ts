import { Injectable } from '@nestjs/common';
import { wireSubscription } from '../wire/subscription.wire.js';
import { EventLog } from './event-log.js';
import { Invoices } from './invoices.js';
import type { CancellationReason, SubscriptionRecord } from './records.js';
import { StripeState } from './stripe-state.js';
import { invalid } from './stripe.errors.js';
import { TestClock } from './test-clock.js';

/** Whether a subscription is over for good. */
export const hasEnded = ({ status }: SubscriptionRecord): boolean =>
  status === 'canceled' || status === 'incomplete_expired';

/** What a person says when cancelling. */
export interface CancellationWords {
  comment?: string | null;
  feedback?: string | null;
}

/** The states of a subscription and the events that tell of them; money is none of its business. */
@Injectable()
export class Subscriptions {
  constructor(
    private readonly state: StripeState,
    private readonly events: EventLog,
    private readonly invoices: Invoices,
    private readonly clock: TestClock,
  ) {}

  /** Changes something and tells of it, unless nothing became different. */
  change<T>(subscription: SubscriptionRecord, mutate: () => T): T {
    const look = () => wireSubscription(this.state, subscription);
    return this.events.change('customer.subscription.updated', look, mutate);
  }

  tell(subscription: SubscriptionRecord, what: 'created' | 'deleted' | 'paused' | 'resumed' | 'trial_will_end'): void {
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
   * Has it end at an instant that is to come.
   *
   * @param flag what `cancel_at_period_end` says about it: the portal leaves it false in the flexible billing mode
   */
  scheduleCancellation(
    subscription: SubscriptionRecord,
    at: number,
    flag: boolean,
    words: CancellationWords = {},
  ): void {
    this.change(subscription, () => {
      subscription.cancelAt = at;
      subscription.cancelAtPeriodEnd = flag;
      subscription.canceledAt ??= this.clock.now();
      subscription.cancellation = {
        reason: 'cancellation_requested',
        comment: words.comment ?? subscription.cancellation.comment,
        feedback: words.feedback ?? subscription.cancellation.feedback,
      };
    });
  }

  keep(subscription: SubscriptionRecord): void {
    this.change(subscription, () => {
      subscription.cancelAt = null;
      subscription.cancelAtPeriodEnd = false;
      subscription.canceledAt = null;
      subscription.cancellation = { reason: null, comment: null, feedback: null };
    });
  }

  cancel(subscription: SubscriptionRecord, reason: CancellationReason, words: CancellationWords = {}): void {
    subscription.status = 'canceled';
    subscription.endedAt = this.clock.now();
    subscription.canceledAt ??= this.clock.now();
    subscription.pausedAt = null;
    subscription.cancellation = {
      reason,
      comment: words.comment ?? subscription.cancellation.comment,
      feedback: words.feedback ?? subscription.cancellation.feedback,
    };
    for (const invoice of this.state.invoicesOf(subscription.id)) {
      if (invoice.status === 'draft' || invoice.status === 'open') this.invoices.leaveAlone(invoice);
    }
    this.tell(subscription, 'deleted');
  }

  /** The first payment never came. */
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
    this.tell(subscription, 'paused');
  }
}
