import { Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { Customers } from '../account/customers.js';
import type { WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { notFound } from '../account/stripe.errors.js';
import { ApiController, Form } from '../http/api-controller.decorator.js';
import { Params } from '../http/params.js';
import { wireCustomer } from '../wire/customer.wire.js';

@ApiController('v1/customers')
export class CustomersController {
  constructor(
    private readonly state: StripeState,
    private readonly customers: Customers,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Form() form: Record<string, unknown>): WireObject {
    const details = Params.read(form, (params) => ({
      email: params.emptyable('email'),
      name: params.emptyable('name'),
      metadata: params.metadata('metadata'),
    }));
    return wireCustomer(this.state, this.customers.create(details));
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    const customer = this.state.customers.get(id);
    if (customer === undefined) throw notFound('customer', id);
    return wireCustomer(this.state, customer);
  }

  @Delete(':id')
  delete(@Param('id') id: string): WireObject {
    const customer = this.customers.live(id);
    this.customers.delete(customer);
    return wireCustomer(this.state, customer);
  }
}
