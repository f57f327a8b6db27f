import { Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import type { SubscriptionRecord, WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { invalid, noSuch, notFound } from '../account/stripe.errors.js';
import { hasEnded, Subscriptions } from '../account/subscriptions.js';
import { ApiController, Form } from '../http/api-controller.decorator.js';
import { listPage } from '../http/list-page.js';
import { Params } from '../http/params.js';
import { wireSubscription } from '../wire/subscription.wire.js';
import { isInList, subscriptionQuery, subscriptionUpdate } from './subscription.params.js';

@ApiController('v1/subscriptions')
export class SubscriptionsController {
  constructor(
    private readonly state: StripeState,
    private readonly subscriptions: Subscriptions,
  ) {}

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
    const { cancelAt, atPeriodEnd } = Params.read(form, (params) => subscriptionUpdate(params, subscription));
    if (hasEnded(subscription) && cancelAt !== undefined) {
      throw invalid(
        'A canceled subscription can only update its cancellation_details and metadata.',
        undefined,
        'invalid_canceled_subscription_fields',
      );
    }
    if (cancelAt === null) this.subscriptions.keep(subscription);
    if (typeof cancelAt === 'number') this.subscriptions.scheduleCancellation(subscription, cancelAt, atPeriodEnd);
    return this.wire(subscription);
  }

  @Delete(':id')
  cancel(@Param('id') id: string, @Form() form: Record<string, unknown>): WireObject {
    const subscription = this.find(id);
    Params.read(form, () => undefined);
    if (hasEnded(subscription)) throw notFound('subscription', id);
    this.subscriptions.cancel(subscription, 'cancellation_requested');
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
