import { BadRequestException, Body, Get, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import { Billing } from '../account/billing.js';
import { Catalog } from '../account/catalog.js';
import { Checkout } from '../account/checkout.js';
import { Customers } from '../account/customers.js';
import { EventLog } from '../account/event-log.js';
import { StripeState } from '../account/stripe-state.js';
import { Subscriptions } from '../account/subscriptions.js';
import { TestClock } from '../account/test-clock.js';
import { Timekeeper } from '../account/timekeeper.js';
import { successUrl } from '../pages/checkout.page.js';
import { StripeSandboxConfig } from '../stripe-sandbox.config.js';
import {
  AdvanceRequest,
  CardRequest,
  NewEventRequest,
  NewPriceRequest,
  NewSubscriptionRequest,
  SubscriptionChangeRequest,
} from './account.request.js';
import { ControlController, existing } from './control.decorator.js';
import { ForcedStatus } from './forced-status.js';
import { customerTruth, subscriptionTruth } from './truth.js';

/** Time and truth: what is so, and making it so. */
@ControlController()
export class AccountControlController {
  constructor(
    private readonly state: StripeState,
    private readonly clock: TestClock,
    private readonly timekeeper: Timekeeper,
    private readonly customers: Customers,
    private readonly subscriptions: Subscriptions,
    private readonly forcedStatus: ForcedStatus,
    private readonly billing: Billing,
    private readonly checkout: Checkout,
    private readonly catalog: Catalog,
    private readonly events: EventLog,
    private readonly config: StripeSandboxConfig,
  ) {}

  @Get('clock')
  time() {
    return { now: this.clock.now(), offset: this.clock.offset };
  }

  @Post('clock/advance')
  @HttpCode(200)
  advance(@Body() { seconds, days, to }: AdvanceRequest) {
    const now = this.clock.now();
    const target = to ?? now + (seconds ?? (days ?? NaN) * 86_400);
    if (Number.isNaN(target)) throw new BadRequestException('one of seconds, days, to must be given');
    if (target < now) throw new BadRequestException('time goes forward only');
    const known = this.state.events.size;
    this.timekeeper.advanceTo(target);
    const happened = [...this.state.events.values()].slice(known);
    return { now: this.clock.now(), events: happened.map(({ id, type }) => ({ id, type })) };
  }

  @Get('customers')
  listCustomers() {
    this.timekeeper.settle();
    const customers = [...this.state.customers.values()].reverse();
    return { customers: customers.map((customer) => customerTruth(this.state, customer)) };
  }

  @Get('customers/:id')
  customer(@Param('id') id: string) {
    this.timekeeper.settle();
    return customerTruth(this.state, existing(this.state.customers.get(id), id));
  }

  @Put('customers/:id/card')
  setCard(@Param('id') id: string, @Body() { outcome }: CardRequest) {
    const customer = this.customers.live(id);
    this.customers.giveCard(customer, outcome);
    return customerTruth(this.state, customer);
  }

  @Post('subscriptions')
  @HttpCode(200)
  createSubscription(@Body() { customer: id, price, status, trialDays, metadata }: NewSubscriptionRequest) {
    const customer = this.customers.live(id);
    const subscription = this.billing.start({
      customer: id,
      price: existing(this.state.prices.get(price ?? this.config.priceId), price ?? 'price').id,
      quantity: 1,
      metadata: metadata ?? {},
      trialEnd: trialDays === undefined ? null : this.clock.now() + trialDays * 86_400,
    });
    // A customer without a card would stay incomplete, which nobody means who names no status.
    const wanted =
      status ?? (customer.paymentMethod === null && trialDays === undefined ? 'active' : subscription.status);
    this.forcedStatus.force(subscription, wanted);
    return subscriptionTruth(subscription);
  }

  @Patch('subscriptions/:id')
  changeSubscription(@Param('id') id: string, @Body() { status, cancelAtPeriodEnd }: SubscriptionChangeRequest) {
    const subscription = existing(this.state.subscriptions.get(id), id);
    if (status !== undefined) this.forcedStatus.force(subscription, status);
    if (cancelAtPeriodEnd === true) {
      this.subscriptions.scheduleCancellation(subscription, subscription.periodEnd, true);
    }
    if (cancelAtPeriodEnd === false) this.subscriptions.keep(subscription);
    return subscriptionTruth(subscription);
  }

  @Post('checkout/:id/pay')
  @HttpCode(200)
  pay(@Param('id') id: string) {
    this.timekeeper.settle();
    const session = existing(this.state.checkoutSessions.get(id), id);
    this.checkout.pay(session);
    return { status: session.status, subscription: session.subscription, url: successUrl(session) };
  }

  @Post('checkout/:id/decline')
  @HttpCode(200)
  decline(@Param('id') id: string) {
    const session = existing(this.state.checkoutSessions.get(id), id);
    this.checkout.assertPayable(session);
    return { status: session.status, subscription: null, url: session.url };
  }

  @Post('prices')
  @HttpCode(200)
  createPrice(@Body() { id, unitAmount, currency, interval, product }: NewPriceRequest) {
    if (this.state.prices.has(id)) throw new BadRequestException(`${id} exists already`);
    const price = this.catalog.addPrice({
      id,
      product: existing(this.state.products.get(product ?? 'prod_pro'), product ?? 'prod_pro').id,
      currency: currency ?? 'usd',
      unitAmount: unitAmount ?? 2000,
      recurring: { interval: interval ?? 'month', count: 1 },
      active: true,
      nickname: null,
      lookupKey: null,
      metadata: {},
    });
    return { id: price.id };
  }

  @Post('events')
  @HttpCode(200)
  createEvent(@Body() { type, object }: NewEventRequest) {
    return { id: this.events.append(type, object ?? {}).id };
  }
}
