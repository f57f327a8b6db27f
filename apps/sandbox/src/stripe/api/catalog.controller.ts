import { Get, HttpCode, Param, Post } from '@nestjs/common';
import { Catalog, type NewPrice } from '../account/catalog.js';
import { intervals, type WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { noSuch, notFound } from '../account/stripe.errors.js';
import { wirePrice, wireProduct } from '../wire/catalog.wire.js';
import { ApiController, Form } from './api-controller.decorator.js';
import { listPage, pageRequest } from './list-page.js';
import { Params } from './params.js';

@ApiController('v1/products')
export class ProductsController {
  constructor(
    private readonly state: StripeState,
    private readonly catalog: Catalog,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Form() form: Record<string, unknown>): WireObject {
    const product = Params.read(form, (params) => ({
      id: params.string('id'),
      name: params.required('name'),
      description: params.emptyable('description') ?? null,
      active: params.boolean('active') ?? true,
      metadata: params.metadata('metadata') ?? {},
    }));
    return wireProduct(this.catalog.addProduct(product));
  }

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { page, active } = Params.read(form, (params) => ({
      page: pageRequest(params),
      active: params.boolean('active'),
    }));
    const matching = [...this.state.products.values()].filter(
      (product) => product.active === (active ?? product.active),
    );
    return listPage(matching, page, '/v1/products', wireProduct);
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    const product = this.state.products.get(id);
    if (product === undefined) throw notFound('product', id);
    return wireProduct(product);
  }

  @Post(':id')
  @HttpCode(200)
  update(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    const product = this.state.products.get(id);
    if (product === undefined) throw notFound('product', id);
    const change = Params.read(form, (params) => ({
      name: params.string('name') ?? product.name,
      description: params.has('description') ? (params.emptyable('description') ?? null) : product.description,
      active: params.boolean('active') ?? product.active,
      metadata: params.metadata('metadata', product.metadata) ?? product.metadata,
    }));
    this.catalog.changeProduct(product, change);
    return wireProduct(product);
  }
}

@ApiController('v1/prices')
export class PricesController {
  constructor(
    private readonly state: StripeState,
    private readonly catalog: Catalog,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Form() form: Record<string, unknown>): WireObject {
    const price = Params.read(form, newPrice);
    if (!this.state.products.has(price.product)) throw noSuch('product', price.product, 'product');
    return wirePrice(this.catalog.addPrice(price));
  }

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { page, active, product, keys } = Params.read(form, (params) => ({
      page: pageRequest(params),
      active: params.boolean('active'),
      product: params.string('product'),
      keys: params.strings('lookup_keys'),
    }));
    const matching = [...this.state.prices.values()].filter(
      (price) =>
        price.active === (active ?? price.active) &&
        price.product === (product ?? price.product) &&
        (keys === undefined || (price.lookupKey !== null && keys.includes(price.lookupKey))),
    );
    return listPage(matching, page, '/v1/prices', wirePrice);
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    const price = this.state.prices.get(id);
    if (price === undefined) throw notFound('price', id);
    return wirePrice(price);
  }

  @Post(':id')
  @HttpCode(200)
  update(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    const price = this.state.prices.get(id);
    if (price === undefined) throw notFound('price', id);
    const change = Params.read(form, (params) => ({
      active: params.boolean('active') ?? price.active,
      nickname: params.string('nickname') ?? price.nickname,
      lookupKey: params.string('lookup_key') ?? price.lookupKey,
      metadata: params.metadata('metadata', price.metadata) ?? price.metadata,
    }));
    this.catalog.changePrice(price, change);
    return wirePrice(price);
  }
}

function newPrice(params: Params): NewPrice {
  const recurring = params.hash('recurring', (nested) => ({
    interval: nested.oneOf('interval', intervals) ?? nested.missing('interval'),
    count: nested.integer('interval_count') ?? 1,
  }));
  return {
    product: params.required('product'),
    currency: params.required('currency').toLowerCase(),
    unitAmount: params.integer('unit_amount') ?? params.missing('unit_amount'),
    recurring: recurring ?? null,
    active: params.boolean('active') ?? true,
    nickname: params.string('nickname') ?? null,
    lookupKey: params.string('lookup_key') ?? null,
    metadata: params.metadata('metadata') ?? {},
  };
}
