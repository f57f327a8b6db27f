import { Injectable } from '@nestjs/common';
import type { WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { wirePrice, wireProduct } from './catalog.wire.js';
import { wireCheckoutLineItems, wireCheckoutSession } from './checkout-session.wire.js';
import { wireCustomer } from './customer.wire.js';
import { wireInvoice, wireInvoicePayment } from './invoice.wire.js';
import { completeList } from './list.wire.js';
import { wireSubscription } from './subscription.wire.js';

/** Objects by their id, whatever their kind, and the parts of them that are left out unless asked for. */
@Injectable()
export class ObjectFinder {
  constructor(private readonly state: StripeState) {}

  find(id: string): WireObject | undefined {
    const { state } = this;
    const wire = <T>(records: ReadonlyMap<string, T>, serialize: (record: T) => WireObject) => {
      const record = records.get(id);
      return record && serialize(record);
    };
    switch (id.slice(0, id.indexOf('_'))) {
      case 'cus':
        return wire(state.customers, (record) => wireCustomer(state, record));
      case 'sub':
        return wire(state.subscriptions, (record) => wireSubscription(state, record));
      case 'in':
        return wire(state.invoices, (record) => wireInvoice(state, record));
      case 'cs':
        return wire(state.checkoutSessions, (record) => wireCheckoutSession(state, record));
      case 'price':
        return wire(state.prices, wirePrice);
      case 'prod':
        return wire(state.products, wireProduct);
      default:
        return undefined;
    }
  }

  /** A list that the object has but doesn't show unless it is expanded. */
  hiddenPart(owner: WireObject, name: string): WireObject | undefined {
    const id = String(owner['id']);
    switch (`${String(owner['object'])}.${name}`) {
      case 'checkout.session.line_items': {
        const session = this.state.checkoutSessions.get(id);
        return session && wireCheckoutLineItems(this.state, session);
      }
      case 'customer.subscriptions': {
        const live = this.state.subscriptionsOf(id).filter(({ status }) => status !== 'canceled');
        const url = `/v1/customers/${id}/subscriptions`;
        return completeList(
          url,
          live.reverse().map((subscription) => wireSubscription(this.state, subscription)),
        );
      }
      case 'invoice.payments': {
        const invoice = this.state.invoices.get(id);
        const payment = invoice && wireInvoicePayment(this.state, invoice);
        return completeList(`/v1/invoice_payments?invoice=${id}`, payment ? [payment] : []);
      }
      default:
        return undefined;
    }
  }
}
