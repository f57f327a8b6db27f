import { BadRequestException, Body, Get, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import { Billing, PLAIN_TERMS } from '../account/billing.js';
import { Checkout } from '../account/checkout.js';
import { Customers } from '../account/customers.js';
import { StripeState } from '../account/stripe-state.js';
import type { PriceRecord, SubscriptionRecord } from '../account/records.js';
import { hasEnded, Subscriptions } from '../account/subscriptions.js';
import { TestClock } from '../account/test-clock.js';
import { Timekeeper } from '../account/timekeeper.js';
import { successUrl } from '../pages/checkout.page.js';
import { StripeSandboxConfig } from '../stripe-sandbox.config.js';
import {
  AdvanceRequest,
  CardRequest,
  NewPriceRequest,
  NewSubscriptionRequest,
  SubscriptionChangeRequest,
} from './account.request.js';
import { ControlController, existing } from './control.decorator.js';
import { ForcedStatus } from './forced-status.js';
import { customerResponse, subscriptionResponse } from './account.response.js';

/** The clock, and the state of customers and subscriptions: reads it and changes it. */
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
    return { customers: customers.map((customer) => customerResponse(this.state, customer)) };
  }

  @Get('customers/:id')
  customer(@Param('id') id: string) {
    this.timekeeper.settle();
    return customerResponse(this.state, existing(this.state.customers.get(id), id));
  }

  @Put('customers/:id/card')
  setCard(@Param('id') id: string, @Body() { outcome }: CardRequest) {
    const customer = this.customers.live(id);
    this.customers.giveCard(customer, outcome);
    return customerResponse(this.state, customer);
  }

  @Post('prices')
  @HttpCode(200)
  createPrice(@Body() { id, interval = 'month', name = id, amount = 2_000 }: NewPriceRequest) {
    const price = { id, interval, product: `prod_${id}`, name, unitAmount: amount };
    return this.state.addPrice(price, this.clock.now());
  }

  @Post('subscriptions')
  @HttpCode(200)
  createSubscription(@Body() { customer: id, status, price: priceId }: NewSubscriptionRequest) {
    const customer = this.customers.live(id);
    const price = this.priceOf(priceId ?? this.config.prices[0]?.id);
    const subscription = this.billing.start({ ...PLAIN_TERMS, customer: id, price: price.id });
    // Without a card it would stay incomplete, and the default is a subscription that runs.
    const defaultStatus = customer.paymentMethod === null ? 'active' : subscription.status;
    this.forcedStatus.force(subscription, status ?? defaultStatus);
    return subscriptionResponse(subscription);
  }

  @Patch('subscriptions/:id')
  changeSubscription(@Param('id') id: string, @Body() { status, price, cancelAtPeriodEnd }: SubscriptionChangeRequest) {
    const subscription = existing(this.state.subscriptions.get(id), id);
    if (price !== undefined) this.switchPrice(subscription, price);
    if (status !== undefined) this.forcedStatus.force(subscription, status);
    if (cancelAtPeriodEnd === true) {
      this.subscriptions.scheduleCancellation(subscription, subscription.periodEnd, true);
    }
    if (cancelAtPeriodEnd === false) this.subscriptions.keep(subscription);
    return subscriptionResponse(subscription);
  }

  @Post('checkout/:id/pay')
  @HttpCode(200)
  pay(@Param('id') id: string) {
    this.timekeeper.settle();
    const session = existing(this.state.checkoutSessions.get(id), id);
    this.checkout.pay(session);
    return { status: session.status, subscription: session.subscription, url: successUrl(session) };
  }

  private switchPrice(subscription: SubscriptionRecord, priceId: string): void {
    if (hasEnded(subscription)) throw new BadRequestException(`${subscription.id} has ended, which is final at Stripe`);
    this.billing.switchPrice(subscription, this.priceOf(priceId));
  }

  private priceOf(id = ''): PriceRecord {
    return existing(this.state.prices.get(id), id);
  }
}
