import { Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Checkout } from '../account/checkout.js';
import type { CheckoutSessionRecord, WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { invalid, noSuch, notFound } from '../account/stripe.errors.js';
import { TestClock } from '../account/test-clock.js';
import { StripeSandboxConfig } from '../stripe-sandbox.config.js';
import { wireCheckoutLineItems, wireCheckoutSession } from '../wire/checkout-session.wire.js';
import { ApiController, Form } from './api-controller.decorator.js';
import { newCheckoutSession } from './checkout-session.params.js';
import { listPage, pageRequest } from './list-page.js';
import { Params } from './params.js';
import { publicUrl } from './public-url.js';

@ApiController('v1/checkout/sessions')
export class CheckoutSessionsController {
  constructor(
    private readonly state: StripeState,
    private readonly checkout: Checkout,
    private readonly clock: TestClock,
    private readonly config: StripeSandboxConfig,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Form() form: Record<string, unknown>, @Req() request: FastifyRequest): WireObject {
    const time = { now: this.clock.now(), offset: this.clock.offset };
    const input = Params.read(form, (params) => newCheckoutSession(params, time));
    if (input.customer !== null && this.state.customers.get(input.customer)?.deleted !== false) {
      throw noSuch('customer', input.customer, 'customer');
    }
    const price = this.state.prices.get(input.price);
    if (price === undefined) throw noSuch('price', input.price, 'line_items[0][price]');
    if (!price.active) throw invalid('The price specified is inactive.', 'line_items[0][price]');
    if (price.recurring === null) {
      throw invalid('You must provide at least one recurring price in `subscription` mode.', 'line_items');
    }
    return this.wire(this.checkout.create(input, publicUrl(this.config, request)));
  }

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const { page, customer, status, subscription } = Params.read(form, (params) => ({
      page: pageRequest(params),
      customer: params.string('customer'),
      status: params.oneOf('status', ['open', 'complete', 'expired']),
      subscription: params.string('subscription'),
    }));
    if (customer !== undefined && !this.state.customers.has(customer)) throw noSuch('customer', customer, 'customer');
    const matching = [...this.state.checkoutSessions.values()].filter(
      (session) =>
        session.customer === (customer ?? session.customer) &&
        session.status === (status ?? session.status) &&
        session.subscription === (subscription ?? session.subscription),
    );
    return listPage(matching, page, '/v1/checkout/sessions', (session) => this.wire(session));
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    return this.wire(this.find(id));
  }

  @Get(':id/line_items')
  lineItems(@Param('id') id: string): WireObject {
    return wireCheckoutLineItems(this.state, this.find(id));
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
