import { Injectable } from '@nestjs/common';
import { wireCustomer } from '../wire/customer.wire.js';
import { Billing } from './billing.js';
import { EventLog } from './event-log.js';
import { stripeId } from './ids.js';
import type { CardOutcome, CustomerRecord, Metadata } from './records.js';
import { StripeState } from './stripe-state.js';
import { notFound } from './stripe.errors.js';
import { hasEnded, Subscriptions } from './subscriptions.js';
import { TestClock } from './test-clock.js';

/** The details that a customer is created with. */
export interface CustomerDetails {
  email?: string | null;
  name?: string | null;
  metadata?: Metadata;
}

/** The account's customers and their cards. */
@Injectable()
export class Customers {
  constructor(
    private readonly state: StripeState,
    private readonly events: EventLog,
    private readonly subscriptions: Subscriptions,
    private readonly billing: Billing,
    private readonly clock: TestClock,
  ) {}

  /** @throws StripeApiError 404 for one that doesn't exist or was deleted */
  live(id: string): CustomerRecord {
    const customer = this.state.customers.get(id);
    if (customer === undefined || customer.deleted) throw notFound('customer', id);
    return customer;
  }

  create(details: CustomerDetails): CustomerRecord {
    const customer: CustomerRecord = {
      id: stripeId('cus', 14),
      created: this.clock.now(),
      deleted: false,
      email: details.email ?? null,
      name: details.name ?? null,
      metadata: details.metadata ?? {},
      currency: null,
      paymentMethod: null,
      cardOutcome: 'succeeds',
      invoicePrefix: stripeId('', 8).slice(1).toUpperCase(),
      nextInvoice: 1,
    };
    this.state.customers.set(customer.id, customer);
    this.events.append('customer.created', wireCustomer(this.state, customer));
    return customer;
  }

  /** Cancels all subscriptions of the customer at once, as Stripe does. */
  delete(customer: CustomerRecord): void {
    for (const subscription of this.state.subscriptionsOf(customer.id)) {
      if (!hasEnded(subscription)) this.subscriptions.cancel(subscription, 'cancellation_requested');
    }
    this.events.append('customer.deleted', wireCustomer(this.state, customer));
    customer.deleted = true;
  }

  /** Puts a card on file; charges nothing. */
  giveCard(customer: CustomerRecord, outcome: CardOutcome, currency: string | null = customer.currency): void {
    this.change(customer, () => {
      customer.paymentMethod = stripeId('pm');
      customer.cardOutcome = outcome;
      customer.currency = currency;
    });
  }

  /** The portal's change of card: a card that can be charged, with which all open invoices are paid at once. */
  replaceCard(customer: CustomerRecord): void {
    this.giveCard(customer, 'succeeds');
    for (const subscription of this.state.subscriptionsOf(customer.id)) {
      if (hasEnded(subscription)) continue;
      this.subscriptions.change(subscription, () => (subscription.paymentMethod = customer.paymentMethod));
    }
    this.billing.collectOpen(customer.id);
  }

  private change(customer: CustomerRecord, mutate: () => void): void {
    this.events.change('customer.updated', () => wireCustomer(this.state, customer), mutate);
  }
}
