import { Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Checkout } from '../account/checkout.js';
import type { CheckoutSessionRecord, WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { noSuch, notFound } from '../account/stripe.errors.js';
import { ApiController, Form } from '../http/api-controller.decorator.js';
import { listPage, pageRequest } from '../http/list-page.js';
import { Params } from '../http/params.js';
import { StripeSandboxConfig } from '../stripe-sandbox.config.js';
import { wireCheckoutSession } from '../wire/checkout-session.wire.js';
import { newCheckoutSession } from './checkout-session.params.js';
import { publicUrl } from './public-url.js';

@ApiController('v1/checkout/sessions')
export class CheckoutSessionsController {
  constructor(
    private readonly state: StripeState,
    private readonly checkout: Checkout,
    private readonly config: StripeSandboxConfig,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Form() form: Record<string, unknown>, @Req() request: FastifyRequest): WireObject {
    const input = Params.read(form, newCheckoutSession);
    if (this.state.customers.get(input.customer)?.deleted !== false) {
      throw noSuch('customer', input.customer, 'customer');
    }
    if (!this.state.prices.has(input.price)) throw noSuch('price', input.price, 'line_items[0][price]');
    return this.wire(this.checkout.create(input, publicUrl(this.config, request)));
  }

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { page, customer, status } = Params.read(form, (params) => ({
      page: pageRequest(params),
      customer: params.string('customer'),
      status: params.oneOf('status', ['open', 'complete', 'expired']),
    }));
    if (customer !== undefined && !this.state.customers.has(customer)) throw noSuch('customer', customer, 'customer');
    const matching = [...this.state.checkoutSessions.values()].filter(
      (session) => session.customer === (customer ?? session.customer) && session.status === (status ?? session.status),
    );
    return listPage(matching, page, '/v1/checkout/sessions', (session) => this.wire(session));
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    return this.wire(this.find(id));
  }

  @Post(':id/expire')
  @HttpCode(200)
  expire(@Param('id') id: string): WireObject {
    const session = this.find(id);
    this.checkout.expire(session);
    return this.wire(session);
  }

  private find(id: string): CheckoutSessionRecord {
    const session = this.state.checkoutSessions.get(id);
    if (session === undefined) throw notFound('checkout.session', id);
    return session;
  }

  private wire(session: CheckoutSessionRecord): WireObject {
    return wireCheckoutSession(this.state, session);
  }
}
