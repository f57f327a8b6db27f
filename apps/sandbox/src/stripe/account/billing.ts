import { Injectable } from '@nestjs/common';
import { periodEnd } from './billing-period.js';
import { stripeId } from './ids.js';
import { Invoices } from './invoices.js';
import type { InvoiceRecord, Metadata, MissingCard, SubscriptionRecord } from './records.js';
import { known, StripeState } from './stripe-state.js';
import { invalid } from './stripe.errors.js';
import { Subscriptions } from './subscriptions.js';
import { TestClock } from './test-clock.js';

const DAY_SECONDS = 86_400;
const TRIAL_NOTICE_SECONDS = 3 * DAY_SECONDS;

/** What a new subscription is to be. */
export interface SubscriptionTerms {
  customer: string;
  price: string;
  quantity: number;
  metadata: Metadata;
  description?: string | null;
  trialEnd?: number | null;
  missingCard?: MissingCard;
  billingMode?: SubscriptionRecord['billingMode'] | null;
}

/** What money does to subscriptions: the first payment, renewals, failures, retries, and what comes of them. */
@Injectable()
export class Billing {
  constructor(
    private readonly state: StripeState,
    private readonly subscriptions: Subscriptions,
    private readonly invoices: Invoices,
    private readonly clock: TestClock,
  ) {}

  /** Begins a subscription and tries its first payment: afterwards it is active, trialing or incomplete. */
  start(terms: SubscriptionTerms): SubscriptionRecord {
    const subscription = this.open(terms);
    this.state.subscriptions.set(subscription.id, subscription);
    const invoice = this.invoices.draft(subscription, {
      reason: 'subscription_create',
      periodStart: subscription.periodStart,
      periodEnd: subscription.periodEnd,
      finalizesAt: null,
      isFree: subscription.status === 'trialing',
    });
    this.subscriptions.tell(subscription, 'created');
    this.invoices.finalize(invoice);
    this.collect(invoice);
    if (subscription.trialEnd !== null && subscription.trialEnd - TRIAL_NOTICE_SECONDS <= this.clock.now()) {
      this.warnOfTrialEnd(subscription);
    }
    return subscription;
  }

  /** Tries to charge an open invoice, and draws the consequences. */
  collect(invoice: InvoiceRecord): void {
    const customer = known(this.state.customers, invoice.customer);
    const isPaid = invoice.amount === 0 || (customer.paymentMethod !== null && customer.cardOutcome === 'succeeds');
    if (isPaid) this.settle(invoice);
    else this.fail(invoice);
  }

  /** An open invoice is paid. */
  settle(invoice: InvoiceRecord): void {
    this.invoices.pay(invoice);
    const subscription = known(this.state.subscriptions, invoice.subscription);
    const waits = ['incomplete', 'past_due', 'unpaid'].includes(subscription.status);
    if (waits && subscription.latestInvoice === invoice.id) this.subscriptions.setStatus(subscription, 'active');
  }

  /** The charge of an open invoice is declined. */
  fail(invoice: InvoiceRecord): void {
    const subscription = known(this.state.subscriptions, invoice.subscription);
    const isFirst = invoice.billingReason === 'subscription_create';
    const days = isFirst ? undefined : this.state.settings.retryDays[invoice.attempts];
    this.invoices.fail(invoice, days === undefined ? null : this.clock.now() + days * DAY_SECONDS);
    if (isFirst) return;
    if (days !== undefined) return this.subscriptions.setStatus(subscription, 'past_due');
    const { afterRetries } = this.state.settings;
    if (afterRetries === 'cancel') this.subscriptions.cancel(subscription, 'payment_failed');
    else this.subscriptions.setStatus(subscription, afterRetries);
  }

  /** The period is over, the next one begins; its invoice is charged some time later. Ends a trial, too. */
  renew(subscription: SubscriptionRecord): void {
    const trialEnds = subscription.status === 'trialing';
    const { paymentMethod } = known(this.state.customers, subscription.customer);
    if (trialEnds && paymentMethod === null && subscription.missingCard === 'pause') {
      return this.subscriptions.pause(subscription);
    }
    if (trialEnds && paymentMethod === null && subscription.missingCard === 'cancel') {
      return this.subscriptions.cancel(subscription, 'cancellation_requested');
    }
    const isGivenUp = subscription.status === 'unpaid';
    this.subscriptions.change(subscription, () => {
      this.movePeriod(subscription, subscription.periodEnd);
      if (trialEnds) subscription.status = 'active';
      this.draftCycle(subscription, isGivenUp ? null : this.clock.now() + this.state.settings.draftSeconds);
    });
  }

  /** A paused subscription goes on with a new period, which is billed at once. */
  resume(subscription: SubscriptionRecord): void {
    if (subscription.status !== 'paused') throw invalid('This subscription is not paused, so it can’t be resumed.');
    const now = this.clock.now();
    const invoice = this.subscriptions.change(subscription, () => {
      subscription.anchor = now;
      this.movePeriod(subscription, now);
      subscription.status = 'active';
      subscription.pausedAt = null;
      return this.draftCycle(subscription, null);
    });
    this.subscriptions.tell(subscription, 'resumed');
    this.invoices.finalize(invoice);
    this.collect(invoice);
  }

  /** A charge for the current period fails, whatever the card; retries follow. */
  failNow(subscription: SubscriptionRecord): void {
    const invoice = this.subscriptions.change(subscription, () => this.draftCycle(subscription, null));
    this.invoices.finalize(invoice);
    this.fail(invoice);
  }

  /** Tries all that the customer owes, oldest first. */
  collectOpen(customer: string): void {
    for (const subscription of this.state.subscriptionsOf(customer)) {
      for (const invoice of this.state.invoicesOf(subscription.id)) {
        if (invoice.status === 'open') this.collect(invoice);
      }
    }
  }

  warnOfTrialEnd(subscription: SubscriptionRecord): void {
    subscription.trialWarned = true;
    this.subscriptions.tell(subscription, 'trial_will_end');
  }

  private open(terms: SubscriptionTerms): SubscriptionRecord {
    const now = this.clock.now();
    const { recurring } = known(this.state.prices, terms.price);
    if (recurring === null) throw invalid('The price specified is set to `type=one_time`.', 'items[0][price]');
    const trialEnd = terms.trialEnd ?? null;
    return {
      id: stripeId('sub'),
      item: stripeId('si', 14),
      customer: terms.customer,
      price: terms.price,
      quantity: terms.quantity,
      created: now,
      description: terms.description ?? null,
      metadata: { ...terms.metadata },
      status: trialEnd === null ? 'incomplete' : 'trialing',
      billingMode: terms.billingMode ?? this.state.settings.billingMode,
      anchor: trialEnd ?? now,
      periodStart: now,
      periodEnd: trialEnd ?? periodEnd(now, recurring.interval, recurring.count, now),
      trialStart: trialEnd === null ? null : now,
      trialEnd,
      trialWarned: false,
      missingCard: terms.missingCard ?? 'create_invoice',
      cancelAt: null,
      cancelAtPeriodEnd: false,
      canceledAt: null,
      endedAt: null,
      cancellation: { reason: null, comment: null, feedback: null },
      paymentMethod: known(this.state.customers, terms.customer).paymentMethod,
      latestInvoice: null,
      pastDueSince: null,
      pausedAt: null,
    };
  }

  private movePeriod(subscription: SubscriptionRecord, start: number): void {
    const { recurring } = known(this.state.prices, subscription.price);
    if (recurring === null) throw new Error('A subscription has a recurring price');
    subscription.periodStart = start;
    subscription.periodEnd = periodEnd(subscription.anchor, recurring.interval, recurring.count, start);
  }

  private draftCycle(subscription: SubscriptionRecord, finalizesAt: number | null): InvoiceRecord {
    return this.invoices.draft(subscription, {
      reason: 'subscription_cycle',
      periodStart: subscription.periodStart,
      periodEnd: subscription.periodEnd,
      finalizesAt,
      isFree: false,
    });
  }
}
