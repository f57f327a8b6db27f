import { Injectable } from '@nestjs/common';
import type {
  CheckoutSessionRecord,
  CustomerRecord,
  EventRecord,
  InvoiceRecord,
  PortalSessionRecord,
  PriceRecord,
  ProductRecord,
  SubscriptionRecord,
} from './records.js';
import { defaultSettings, type Settings } from './settings.js';

/** All that the stand-in for Stripe remembers. Maps keep the order of creation. */
@Injectable()
export class StripeState {
  readonly customers = new Map<string, CustomerRecord>();
  readonly products = new Map<string, ProductRecord>();
  readonly prices = new Map<string, PriceRecord>();
  readonly subscriptions = new Map<string, SubscriptionRecord>();
  readonly invoices = new Map<string, InvoiceRecord>();
  readonly checkoutSessions = new Map<string, CheckoutSessionRecord>();
  readonly portalSessions = new Map<string, PortalSessionRecord>();
  readonly events = new Map<string, EventRecord>();
  settings: Settings = { ...defaultSettings };

  subscriptionsOf(customer: string): SubscriptionRecord[] {
    return [...this.subscriptions.values()].filter((subscription) => subscription.customer === customer);
  }

  invoicesOf(subscription: string): InvoiceRecord[] {
    return [...this.invoices.values()].filter((invoice) => invoice.subscription === subscription);
  }

  clear(): void {
    for (const map of [
      this.customers,
      this.products,
      this.prices,
      this.subscriptions,
      this.invoices,
      this.checkoutSessions,
      this.portalSessions,
      this.events,
    ]) {
      map.clear();
    }
    this.settings = { ...defaultSettings };
  }
}

/** What a reference inside the sandbox's own data leads to; it can't lead nowhere. */
export function known<T>(records: ReadonlyMap<string, T>, id: string): T {
  const record = records.get(id);
  if (record === undefined) throw new Error(`Broken reference: ${id}`);
  return record;
}
