import { Injectable } from '@nestjs/common';
import type { ListedPrice } from '../price-list.js';
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
   * Removes everything, and adds the prices that exist from the start, without events.
   *
   * @param now their time of creation in Unix seconds
   */
  reset(prices: readonly ListedPrice[], now: number): void {
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
    for (const price of prices) this.addPrice(price, now);
  }

  /** Adds a price, and its product if it is new. @param now its time of creation in Unix seconds */
  addPrice({ id, interval, product, name, unitAmount }: ListedPrice, now: number): PriceRecord {
    const price: PriceRecord = { id, interval, created: now, product, currency: 'usd', unitAmount };
    if (!this.products.has(product)) this.products.set(product, { id: product, name });
    this.prices.set(id, price);
    return price;
  }
}

/** The record that an id inside the sandbox's own data refers to. @throws Error when there is none, which is a mistake of the sandbox */
export function known<T>(records: ReadonlyMap<string, T>, id: string): T {
  const record = records.get(id);
  if (record === undefined) throw new Error(`Broken reference: ${id}`);
  return record;
}
