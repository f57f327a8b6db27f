import { Injectable } from '@nestjs/common';
import { periodEnd } from './billing-period.js';
import { stripeId } from './ids.js';
import { Invoices } from './invoices.js';
import type { Discount, InvoiceRecord, Metadata, PriceRecord, SubscriptionRecord } from './records.js';
import { known, StripeState } from './stripe-state.js';
import { Subscriptions } from './subscriptions.js';
import { TestClock } from './test-clock.js';

const DAY_SECONDS = 86_400;

/** The terms of a new subscription. */
export interface SubscriptionTerms {
  customer: string;
  price: string;
  quantity: number;
  metadata: Metadata;
  /** Days before the first payment; 0: it is due at once. */
  trialDays: number;
  automaticTax: boolean;
  /** What is taken off the first invoice. */
  discount: Discount | null;
}

/** The terms that nothing special was said about. */
export const PLAIN_TERMS = { quantity: 1, metadata: {}, trialDays: 0, automaticTax: false, discount: null } as const;

/** Payments and their consequences for subscriptions: the first payment, renewals, failures and retries. */
@Injectable()
export class Billing {
  constructor(
    private readonly state: StripeState,
    private readonly subscriptions: Subscriptions,
    private readonly invoices: Invoices,
    private readonly clock: TestClock,
  ) {}

  /** Creates a subscription and charges its first invoice: afterwards it is active or incomplete, or trialing with nothing to pay. */
  start(terms: SubscriptionTerms): SubscriptionRecord {
    const subscription = this.create(terms);
    this.state.subscriptions.set(subscription.id, subscription);
    const invoice = this.invoices.draft(subscription, {
      reason: 'subscription_create',
      periodStart: subscription.periodStart,
      periodEnd: subscription.periodEnd,
      finalizesAt: null,
      ...(terms.trialDays > 0 ? { isFree: true } : { discount: terms.discount }),
    });
    this.subscriptions.emit(subscription, 'created');
    this.invoices.finalize(invoice);
    this.collect(invoice);
    return subscription;
  }

  /** Charges an open invoice, and applies the consequences. */
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

  /** Begins the next period, and drafts its invoice, which is charged later. A trial ends with its period. */
  renew(subscription: SubscriptionRecord): void {
    const { status } = subscription;
    this.subscriptions.change(subscription, () => {
      subscription.periodStart = subscription.periodEnd;
      const { interval } = known(this.state.prices, subscription.price);
      subscription.periodEnd = periodEnd(subscription.anchor, subscription.periodStart, interval);
      if (status === 'trialing') subscription.status = 'active';
      const finalizesAt = this.clock.now() + this.state.settings.draftSeconds;
      this.draftCycle(subscription, status === 'unpaid' ? null : finalizesAt);
    });
  }

  /**
   * Changes the price, as the portal does. With another interval a new period begins now and is charged at once, unless a trial runs.
   * What is left of the paid period is not credited: the sandbox models no prorations.
   */
  switchPrice(subscription: SubscriptionRecord, price: PriceRecord): void {
    const { interval } = known(this.state.prices, subscription.price);
    const isRebilled = interval !== price.interval && ['active', 'past_due'].includes(subscription.status);
    const invoice = this.subscriptions.change(subscription, () => {
      subscription.price = price.id;
      return isRebilled ? this.draftNewPeriod(subscription, price) : null;
    });
    if (invoice === null) return;
    this.invoices.finalize(invoice);
    this.collect(invoice);
  }

  /** A charge for the current period fails, whatever the card; retries follow. */
  failNow(subscription: SubscriptionRecord): void {
    const invoice = this.subscriptions.change(subscription, () => this.draftCycle(subscription, null));
    this.invoices.finalize(invoice);
    this.fail(invoice);
  }

  /** Charges all open invoices of the customer, oldest first. */
  collectOpen(customer: string): void {
    for (const subscription of this.state.subscriptionsOf(customer)) {
      for (const invoice of this.state.invoicesOf(subscription.id)) {
        if (invoice.status === 'open') this.collect(invoice);
      }
    }
  }

  announceTrialEnd(subscription: SubscriptionRecord): void {
    subscription.trialEndAnnounced = true;
    this.subscriptions.emit(subscription, 'trial_will_end');
  }

  private create(terms: SubscriptionTerms): SubscriptionRecord {
    const now = this.clock.now();
    const { interval } = known(this.state.prices, terms.price);
    const trialEnd = terms.trialDays > 0 ? now + terms.trialDays * DAY_SECONDS : null;
    return {
      id: stripeId('sub'),
      item: stripeId('si', 14),
      customer: terms.customer,
      price: terms.price,
      quantity: terms.quantity,
      created: now,
      metadata: { ...terms.metadata },
      status: trialEnd === null ? 'incomplete' : 'trialing',
      billingMode: this.state.settings.billingMode,
      anchor: trialEnd ?? now,
      periodStart: now,
      periodEnd: trialEnd ?? periodEnd(now, now, interval),
      trialStart: trialEnd === null ? null : now,
      trialEnd,
      trialEndAnnounced: false,
      automaticTax: terms.automaticTax,
      cancelAt: null,
      cancelAtPeriodEnd: false,
      canceledAt: null,
      endedAt: null,
      cancellationReason: null,
      paymentMethod: known(this.state.customers, terms.customer).paymentMethod,
      latestInvoice: null,
      pastDueSince: null,
      pausedAt: null,
    };
  }

  private draftNewPeriod(subscription: SubscriptionRecord, { interval }: PriceRecord): InvoiceRecord {
    const now = this.clock.now();
    Object.assign(subscription, { anchor: now, periodStart: now, periodEnd: periodEnd(now, now, interval) });
    const { periodStart, periodEnd: end } = subscription;
    return this.invoices.draft(subscription, {
      reason: 'subscription_update',
      periodStart,
      periodEnd: end,
      finalizesAt: null,
    });
  }

  private draftCycle(subscription: SubscriptionRecord, finalizesAt: number | null): InvoiceRecord {
    return this.invoices.draft(subscription, {
      reason: 'subscription_cycle',
      periodStart: subscription.periodStart,
      periodEnd: subscription.periodEnd,
      finalizesAt,
    });
  }
}
