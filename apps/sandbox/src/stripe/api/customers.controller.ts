import { Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { Customers, type CustomerDetails } from '../account/customers.js';
import type { Metadata, WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { notFound } from '../account/stripe.errors.js';
import { wireCustomer } from '../wire/customer.wire.js';
import { ApiController, Form } from './api-controller.decorator.js';
import { listPage, pageRequest } from './list-page.js';
import { Params } from './params.js';

@ApiController('v1/customers')
export class CustomersController {
  constructor(
    private readonly state: StripeState,
    private readonly customers: Customers,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Form() form: Record<string, unknown>): WireObject {
    const customer = this.customers.create(Params.read(form, (params) => details(params)));
    return wireCustomer(this.state, customer);
  }

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { page, email } = Params.read(form, (params) => ({
      page: pageRequest(params),
      email: params.string('email'),
    }));
    const all = [...this.state.customers.values()].filter((customer) => !customer.deleted);
    const matching = all.filter((customer) => email === undefined || customer.email === email);
    return listPage(matching, page, '/v1/customers', (customer) => wireCustomer(this.state, customer));
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    const customer = this.state.customers.get(id);
    if (customer === undefined) throw notFound('customer', id);
    return wireCustomer(this.state, customer);
  }

  @Post(':id')
  @HttpCode(200)
  update(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    const customer = this.customers.live(id);
    this.customers.update(
      customer,
      Params.read(form, (params) => details(params, customer.metadata)),
    );
    return wireCustomer(this.state, customer);
  }

  @Delete(':id')
  delete(@Param('id') id: string): WireObject {
    const customer = this.customers.live(id);
    this.customers.delete(customer);
    return wireCustomer(this.state, customer);
  }
}

const details = (params: Params, current?: Metadata): CustomerDetails => ({
  email: params.emptyable('email'),
  name: params.emptyable('name'),
  phone: params.emptyable('phone'),
  description: params.emptyable('description'),
  metadata: params.metadata('metadata', current),
});
