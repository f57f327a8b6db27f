import { Injectable } from '@nestjs/common';
import { periodEnd } from './billing-period.js';
import { stripeId } from './ids.js';
import { Invoices } from './invoices.js';
import type { InvoiceRecord, Metadata, SubscriptionRecord } from './records.js';
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
}

/** Payments and their consequences for subscriptions: the first payment, renewals, failures and retries. */
@Injectable()
export class Billing {
  constructor(
    private readonly state: StripeState,
    private readonly subscriptions: Subscriptions,
    private readonly invoices: Invoices,
    private readonly clock: TestClock,
  ) {}

  /** Creates a subscription and charges its first invoice: afterwards it is active or incomplete. */
  start(terms: SubscriptionTerms): SubscriptionRecord {
    const subscription = this.create(terms);
    this.state.subscriptions.set(subscription.id, subscription);
    const invoice = this.invoices.draft(subscription, {
      reason: 'subscription_create',
      periodStart: subscription.periodStart,
      periodEnd: subscription.periodEnd,
      finalizesAt: null,
    });
    this.subscriptions.emit(subscription, 'created');
    this.invoices.finalize(invoice);
    this.collect(invoice);
    return subscription;
  }

  /** Charges an open invoice, and applies the consequences. */
  collect(invoice: InvoiceRecord): void {
    const customer = known(this.state.customers, invoice.customer);
    const isPaid = customer.paymentMethod !== null && customer.cardOutcome === 'succeeds';
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
      subscription.periodEnd = periodEnd(subscription.anchor, subscription.periodStart);
      if (status === 'trialing') subscription.status = 'active';
      const finalizesAt = this.clock.now() + this.state.settings.draftSeconds;
      this.draftCycle(subscription, status === 'unpaid' ? null : finalizesAt);
    });
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
    return {
      id: stripeId('sub'),
      item: stripeId('si', 14),
      customer: terms.customer,
      price: terms.price,
      quantity: terms.quantity,
      created: now,
      metadata: { ...terms.metadata },
      status: 'incomplete',
      billingMode: this.state.settings.billingMode,
      anchor: now,
      periodStart: now,
      periodEnd: periodEnd(now, now),
      trialStart: null,
      trialEnd: null,
      trialEndAnnounced: false,
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

  private draftCycle(subscription: SubscriptionRecord, finalizesAt: number | null): InvoiceRecord {
    return this.invoices.draft(subscription, {
      reason: 'subscription_cycle',
      periodStart: subscription.periodStart,
      periodEnd: subscription.periodEnd,
      finalizesAt,
    });
  }
}
