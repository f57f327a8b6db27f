import { Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { Billing } from '../account/billing.js';
import { Customers } from '../account/customers.js';
import type { SubscriptionRecord, WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { cardDeclined, invalid, noSuch, notFound } from '../account/stripe.errors.js';
import { hasEnded, Subscriptions } from '../account/subscriptions.js';
import { TestClock } from '../account/test-clock.js';
import { wireSubscription } from '../wire/subscription.wire.js';
import { ApiController, Form } from './api-controller.decorator.js';
import { listPage } from './list-page.js';
import { Params } from './params.js';
import { isInList, newSubscription, subscriptionQuery, subscriptionUpdate, words } from './subscription.params.js';

@ApiController('v1/subscriptions')
export class SubscriptionsController {
  constructor(
    private readonly state: StripeState,
    private readonly subscriptions: Subscriptions,
    private readonly billing: Billing,
    private readonly customers: Customers,
    private readonly clock: TestClock,
  ) {}

  @Post()
  @HttpCode(200)
  create(@Form() form: Record<string, unknown>): WireObject {
    const { paymentBehavior, trialDays, ...terms } = Params.read(form, newSubscription);
    const customer = this.state.customers.get(terms.customer);
    if (customer === undefined || customer.deleted) throw noSuch('customer', terms.customer, 'customer');
    if (!this.state.prices.has(terms.price)) throw noSuch('price', terms.price, 'items[0][price]');
    const trialEnd = trialDays === undefined ? terms.trialEnd : this.clock.now() + trialDays * 86_400;
    if (trialEnd === undefined && paymentBehavior !== 'default_incomplete') {
      if (customer.paymentMethod === null) {
        throw invalid(
          'This customer has no attached payment source or default payment method.',
          undefined,
          'resource_missing',
        );
      }
      if (paymentBehavior === 'error_if_incomplete' && customer.cardOutcome === 'declines') throw cardDeclined();
    }
    return this.wire(this.billing.start({ ...terms, trialEnd }));
  }

  @Get()
  list(@Form() form: Record<string, unknown>): WireObject {
    const query = Params.read(form, subscriptionQuery);
    if (query.customer !== undefined && !this.state.customers.has(query.customer)) {
      throw noSuch('customer', query.customer, 'customer');
    }
    const matching = [...this.state.subscriptions.values()].filter((subscription) => isInList(subscription, query));
    return listPage(matching, query.page, '/v1/subscriptions', (subscription) => this.wire(subscription));
  }

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    return this.wire(this.find(id));
  }

  @Post(':id')
  @HttpCode(200)
  update(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    const subscription = this.find(id);
    const update = Params.read(form, (params) => subscriptionUpdate(params, subscription));
    const changesMore = update.cancelAt !== undefined || update.description !== undefined;
    if (hasEnded(subscription) && changesMore) {
      throw invalid(
        'A canceled subscription can only update its cancellation_details and metadata.',
        undefined,
        'invalid_canceled_subscription_fields',
      );
    }
    this.subscriptions.change(subscription, () => {
      subscription.metadata = update.metadata ?? subscription.metadata;
      if (update.description !== undefined) subscription.description = update.description;
    });
    if (update.cancelAt === null) this.subscriptions.keep(subscription);
    if (typeof update.cancelAt === 'number') {
      this.subscriptions.scheduleCancellation(subscription, update.cancelAt, update.atPeriodEnd, update.words);
    }
    return this.wire(subscription);
  }

  @Delete(':id')
  cancel(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    const subscription = this.find(id);
    const said = Params.read(form, (params) => params.hash('cancellation_details', words));
    if (hasEnded(subscription)) throw notFound('subscription', id);
    this.subscriptions.cancel(subscription, 'cancellation_requested', said);
    return this.wire(subscription);
  }

  @Post(':id/pause')
  @HttpCode(200)
  pause(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    const subscription = this.find(id);
    Params.read(form, (params) => params.oneOf('type', ['subscription']));
    if (hasEnded(subscription)) throw invalid('A subscription that has ended can’t be paused.');
    this.subscriptions.pause(subscription);
    return this.wire(subscription);
  }

  @Post(':id/resume')
  @HttpCode(200)
  resume(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    const subscription = this.find(id);
    Params.read(form, (params) => params.hash('billing_cycle_anchor', (anchor) => anchor.oneOf('type', ['now'])));
    this.customers.live(subscription.customer);
    this.billing.resume(subscription);
    return this.wire(subscription);
  }

  private find(id: string): SubscriptionRecord {
    const subscription = this.state.subscriptions.get(id);
    if (subscription === undefined) throw notFound('subscription', id);
    return subscription;
  }

  private wire(subscription: SubscriptionRecord): WireObject {
    return wireSubscription(this.state, subscription);
  }
}
