import { Injectable } from '@nestjs/common';
import { wirePrice, wireProduct } from '../wire/catalog.wire.js';
import { EventLog } from './event-log.js';
import { stripeId } from './ids.js';
import type { PriceRecord, ProductRecord } from './records.js';
import { StripeState } from './stripe-state.js';
import { TestClock } from './test-clock.js';

export type NewProduct = Pick<ProductRecord, 'name' | 'description' | 'active' | 'metadata'> & { id?: string };
export type NewPrice = Omit<PriceRecord, 'id' | 'created'> & { id?: string };

/** What is sold, and for how much. */
@Injectable()
export class Catalog {
  constructor(
    private readonly state: StripeState,
    private readonly events: EventLog,
    private readonly clock: TestClock,
  ) {}

  /** The product and the monthly price that exist from the start; nobody hears of them. */
  seed(price: string): void {
    const created = this.clock.now();
    const product = { id: 'prod_pro', name: 'Pro', description: null, active: true, metadata: {} };
    this.state.products.set(product.id, { ...product, created, updated: created });
    this.state.prices.set(price, {
      id: price,
      created,
      active: true,
      product: product.id,
      currency: 'usd',
      unitAmount: 2000,
      recurring: { interval: 'month', count: 1 },
      nickname: null,
      lookupKey: null,
      metadata: {},
    });
  }

  addProduct(input: NewProduct): ProductRecord {
    const now = this.clock.now();
    const product = { ...input, id: input.id ?? stripeId('prod', 14), created: now, updated: now };
    this.state.products.set(product.id, product);
    this.events.append('product.created', wireProduct(product));
    return product;
  }

  changeProduct(product: ProductRecord, change: Partial<NewProduct>): void {
    this.events.change(
      'product.updated',
      () => wireProduct(product),
      () => Object.assign(product, change, { updated: this.clock.now() }),
    );
  }

  addPrice(input: NewPrice): PriceRecord {
    const price = { ...input, id: input.id ?? stripeId('price'), created: this.clock.now() };
    this.state.prices.set(price.id, price);
    this.events.append('price.created', wirePrice(price));
    return price;
  }

  changePrice(price: PriceRecord, change: Partial<NewPrice>): void {
    this.events.change(
      'price.updated',
      () => wirePrice(price),
      () => Object.assign(price, change),
    );
  }
}
