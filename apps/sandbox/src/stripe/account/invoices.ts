import { Injectable } from '@nestjs/common';
import { wireInvoice, wireInvoicePayment } from '../wire/invoice.wire.js';
import { EventLog } from './event-log.js';
import { stripeId } from './ids.js';
import type { Discount, InvoiceRecord, SubscriptionRecord } from './records.js';
import { known, StripeState } from './stripe-state.js';
import { TestClock } from './test-clock.js';

/** What an invoice is for. */
export interface InvoiceTerms {
  reason: InvoiceRecord['billingReason'];
  periodStart: number;
  periodEnd: number;
  /** When the clock finalizes and charges it, in Unix seconds; null: the caller does that. */
  finalizesAt: number | null;
  /** It is for a trial, so nothing is due. */
  isFree?: boolean;
  discount?: Discount | null;
}

/** Invoices and their status: draft, open, paid, void. Their consequences for a subscription are in `Billing`. */
@Injectable()
export class Invoices {
  constructor(
    private readonly state: StripeState,
    private readonly events: EventLog,
    private readonly clock: TestClock,
  ) {}

  draft(subscription: SubscriptionRecord, terms: InvoiceTerms): InvoiceRecord {
    const { unitAmount } = known(this.state.prices, subscription.price);
    const { discount = null, isFree = false } = terms;
    const invoice: InvoiceRecord = {
      id: stripeId('in'),
      line: stripeId('il'),
      number: null,
      customer: subscription.customer,
      subscription: subscription.id,
      price: subscription.price,
      quantity: subscription.quantity,
      billingReason: terms.reason,
      status: 'draft',
      created: this.clock.now(),
      amount: isFree ? 0 : unitAmount * subscription.quantity - (discount?.amount ?? 0),
      discount,
      periodStart: terms.periodStart,
      periodEnd: terms.periodEnd,
      attempts: 0,
      finalizesAt: terms.finalizesAt,
      nextAttempt: null,
      finalizedAt: null,
      paidAt: null,
      voidedAt: null,
      payment: null,
    };
    this.state.invoices.set(invoice.id, invoice);
    subscription.latestInvoice = invoice.id;
    this.emit('invoice.created', invoice);
    return invoice;
  }

  finalize(invoice: InvoiceRecord): void {
    const customer = known(this.state.customers, invoice.customer);
    invoice.status = 'open';
    invoice.number = `${customer.invoicePrefix}-${String(customer.nextInvoice).padStart(4, '0')}`;
    customer.nextInvoice += 1;
    invoice.finalizedAt = this.clock.now();
    invoice.finalizesAt = null;
    this.emit('invoice.finalized', invoice);
  }

  pay(invoice: InvoiceRecord): void {
    this.change(invoice, () => {
      invoice.status = 'paid';
      invoice.paidAt = this.clock.now();
      invoice.nextAttempt = null;
      if (invoice.amount === 0) return;
      invoice.attempts += 1;
      invoice.payment = { id: stripeId('inpay'), intent: stripeId('pi') };
    });
    this.emit('invoice.paid', invoice);
    this.emit('invoice.payment_succeeded', invoice);
    const payment = wireInvoicePayment(this.state, invoice);
    if (payment) this.events.append('invoice_payment.paid', payment);
  }

  /** @param nextAttempt when the charge is retried, in Unix seconds; null: never */
  fail(invoice: InvoiceRecord, nextAttempt: number | null): void {
    this.change(invoice, () => {
      invoice.attempts += 1;
      invoice.nextAttempt = nextAttempt;
    });
    this.emit('invoice.payment_failed', invoice);
  }

  void(invoice: InvoiceRecord): void {
    invoice.status = 'void';
    invoice.voidedAt = this.clock.now();
    invoice.nextAttempt = null;
    this.emit('invoice.voided', invoice);
  }

  /** The clock neither finalizes nor charges it any more. */
  stopCollecting(invoice: InvoiceRecord): void {
    this.change(invoice, () => {
      invoice.nextAttempt = null;
      invoice.finalizesAt = null;
    });
  }

  private change(invoice: InvoiceRecord, mutate: () => void): void {
    this.events.change('invoice.updated', () => wireInvoice(this.state, invoice), mutate);
  }

  private emit(type: string, invoice: InvoiceRecord): void {
    this.events.append(type, wireInvoice(this.state, invoice));
  }
}
