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

const PRODUCT: ProductRecord = { id: 'prod_pro', name: 'Pro' };

/** Everything that the sandbox's Stripe keeps, in memory. Maps keep the order of creation. */
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

  /**
   * Removes everything, and adds the one product with its one monthly price of 20 USD, without events.
   *
   * @param priceId the id of that price
   * @param now its time of creation in Unix seconds
   */
  reset(priceId: string, now: number): void {
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
    this.products.set(PRODUCT.id, PRODUCT);
    this.prices.set(priceId, { id: priceId, created: now, product: PRODUCT.id, currency: 'usd', unitAmount: 2000 });
  }
}

/** The record that an id inside the sandbox's own data refers to. @throws Error when there is none, which is a mistake of the sandbox */
export function known<T>(records: ReadonlyMap<string, T>, id: string): T {
  const record = records.get(id);
  if (record === undefined) throw new Error(`Broken reference: ${id}`);
  return record;
}
