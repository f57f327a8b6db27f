import { Injectable } from '@nestjs/common';
import { Billing } from './billing.js';
import { Checkout } from './checkout.js';
import { Invoices } from './invoices.js';
import type { InvoiceRecord, SubscriptionRecord } from './records.js';
import { StripeState } from './stripe-state.js';
import { hasEnded, Subscriptions } from './subscriptions.js';
import { TestClock } from './test-clock.js';

const FIRST_PAYMENT_SECONDS = 23 * 3600;
const TRIAL_NOTICE_SECONDS = 3 * 86_400;

/** Something that the clock brings about at an instant. */
interface Due {
  at: number;
  work: () => void;
}

/** Does what the clock brings about: renewals, charges, retries, cancellations, expiries. */
@Injectable()
export class Timekeeper {
  constructor(
    private readonly state: StripeState,
    private readonly subscriptions: Subscriptions,
    private readonly billing: Billing,
    private readonly invoices: Invoices,
    private readonly checkout: Checkout,
    private readonly clock: TestClock,
  ) {}

  /** Does all that is due by now, in the order of time, each with the clock at its own instant. */
  settle(): void {
    this.settleUntil(this.clock.now());
  }

  /** Moves the clock forward, and does what falls due on the way. */
  advanceTo(instant: number): void {
    this.settleUntil(instant);
    this.clock.moveTo(instant);
  }

  private settleUntil(instant: number): void {
    for (let next = this.next(); next !== null && next.at <= instant; next = this.next()) {
      this.clock.at(next.at, next.work);
    }
  }

  private next(): Due | null {
    let earliest: Due | null = null;
    for (const due of this.upcoming()) {
      if (earliest === null || due.at < earliest.at) earliest = due;
    }
    return earliest;
  }

  private *upcoming(): Iterable<Due> {
    for (const session of this.state.checkoutSessions.values()) {
      if (session.status === 'open') yield { at: session.expiresAt, work: () => this.checkout.expire(session) };
    }
    for (const invoice of this.state.invoices.values()) yield* this.ofInvoice(invoice);
    for (const subscription of this.state.subscriptions.values()) {
      if (!hasEnded(subscription)) yield* this.ofSubscription(subscription);
    }
  }

  private *ofInvoice(invoice: InvoiceRecord): Iterable<Due> {
    const { finalizesAt, nextAttempt } = invoice;
    if (invoice.status === 'draft' && finalizesAt !== null) {
      const finalizeAndCharge = () => {
        this.invoices.finalize(invoice);
        this.billing.collect(invoice);
      };
      yield { at: finalizesAt, work: finalizeAndCharge };
    }
    if (invoice.status === 'open' && nextAttempt !== null) {
      yield { at: nextAttempt, work: () => this.billing.collect(invoice) };
    }
  }

  private *ofSubscription(subscription: SubscriptionRecord): Iterable<Due> {
    const { status, cancelAt, trialEnd } = subscription;
    if (cancelAt !== null) {
      yield { at: cancelAt, work: () => this.subscriptions.cancel(subscription, 'cancellation_requested') };
    }
    if (status === 'incomplete') {
      yield { at: subscription.created + FIRST_PAYMENT_SECONDS, work: () => this.subscriptions.expire(subscription) };
    }
    if (status === 'trialing' && trialEnd !== null && !subscription.trialEndAnnounced) {
      yield { at: trialEnd - TRIAL_NOTICE_SECONDS, work: () => this.billing.announceTrialEnd(subscription) };
    }
    if (['active', 'trialing', 'past_due', 'unpaid'].includes(status)) {
      yield { at: subscription.periodEnd, work: () => this.billing.renew(subscription) };
    }
  }
}
