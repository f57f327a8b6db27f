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

/** Something that happens by itself at an instant. */
interface Due {
  at: number;
  happen: () => void;
}

/** Does what time brings: renewals, charges, retries, ends. */
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

  /** Does all that is due by now, in the order of time, each at its own instant. */
  settle(): void {
    this.settleUntil(this.clock.now());
  }

  /** Moves the clock on, doing on the way what falls due. */
  advanceTo(instant: number): void {
    this.settleUntil(instant);
    this.clock.moveTo(instant);
  }

  private settleUntil(instant: number): void {
    for (let next = this.next(); next !== undefined && next.at <= instant; next = this.next()) {
      this.clock.at(next.at, next.happen);
    }
  }

  private next(): Due | undefined {
    let earliest: Due | undefined;
    for (const due of this.upcoming()) {
      if (earliest === undefined || due.at < earliest.at) earliest = due;
    }
    return earliest;
  }

  private *upcoming(): Iterable<Due> {
    for (const session of this.state.checkoutSessions.values()) {
      if (session.status === 'open') yield { at: session.expiresAt, happen: () => this.checkout.expire(session) };
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
      yield { at: finalizesAt, happen: finalizeAndCharge };
    }
    if (invoice.status === 'open' && nextAttempt !== null) {
      yield { at: nextAttempt, happen: () => this.billing.collect(invoice) };
    }
  }

  private *ofSubscription(subscription: SubscriptionRecord): Iterable<Due> {
    const { status, cancelAt, trialEnd } = subscription;
    if (cancelAt !== null) {
      yield { at: cancelAt, happen: () => this.subscriptions.cancel(subscription, 'cancellation_requested') };
    }
    if (status === 'incomplete') {
      yield { at: subscription.created + FIRST_PAYMENT_SECONDS, happen: () => this.subscriptions.expire(subscription) };
    }
    if (status === 'trialing' && trialEnd !== null && !subscription.trialWarned) {
      yield { at: trialEnd - TRIAL_NOTICE_SECONDS, happen: () => this.billing.warnOfTrialEnd(subscription) };
    }
    if (['active', 'trialing', 'past_due', 'unpaid'].includes(status)) {
      yield { at: subscription.periodEnd, happen: () => this.billing.renew(subscription) };
    }
  }
}
