import { Controller, Get, Header, Param, Post, Redirect, UseFilters, UseInterceptors } from '@nestjs/common';
import { Billing } from '../account/billing.js';
import { Customers } from '../account/customers.js';
import { Portal } from '../account/portal.js';
import type { PortalSessionRecord, SubscriptionRecord } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { invalid, notFound } from '../account/stripe.errors.js';
import { hasEnded, Subscriptions } from '../account/subscriptions.js';
import { PageErrorFilter } from './page-error.filter.js';
import { PageInterceptor } from './page.interceptor.js';
import { closedPortalPage, portalPage } from './portal.page.js';

interface Location {
  url: string;
}

/** The customer portal and its buttons. */
@Controller('stripe/portal/:id')
@UseInterceptors(PageInterceptor)
@UseFilters(PageErrorFilter)
export class PortalPagesController {
  constructor(
    private readonly state: StripeState,
    private readonly portal: Portal,
    private readonly billing: Billing,
    private readonly customers: Customers,
    private readonly subscriptions: Subscriptions,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  show(@Param('id') id: string): string {
    const session = this.find(id);
    return this.portal.isUsable(session) ? portalPage(this.state, session) : closedPortalPage(session);
  }

  @Post('cancel-at-period-end/:subscription')
  @Redirect('/', 303)
  cancelAtPeriodEnd(@Param('id') id: string, @Param('subscription') subscription: string): Location {
    this.portal.cancelAtPeriodEnd(this.subscriptionIn(id, subscription));
    return back(id);
  }

  @Post('resume/:subscription')
  @Redirect('/', 303)
  resume(@Param('id') id: string, @Param('subscription') subscription: string): Location {
    this.subscriptions.keep(this.subscriptionIn(id, subscription));
    return back(id);
  }

  @Post('switch/:subscription/:price')
  @Redirect('/', 303)
  switchPrice(
    @Param('id') id: string,
    @Param('subscription') subscriptionId: string,
    @Param('price') priceId: string,
  ): Location {
    const subscription = this.subscriptionIn(id, subscriptionId);
    const price = this.state.prices.get(priceId);
    if (price === undefined) throw notFound('price', priceId);
    this.billing.switchPrice(subscription, price);
    return back(id);
  }

  @Post('cancel-now/:subscription')
  @Redirect('/', 303)
  cancelNow(@Param('id') id: string, @Param('subscription') subscription: string): Location {
    this.subscriptions.cancel(this.subscriptionIn(id, subscription), 'cancellation_requested');
    return back(id);
  }

  @Post('update-card')
  @Redirect('/', 303)
  updateCard(@Param('id') id: string): Location {
    this.customers.replaceCard(this.customers.live(this.usable(id).customer));
    return back(id);
  }

  /** @throws StripeApiError unless the subscription is the session's customer's and has not ended */
  private subscriptionIn(id: string, subscriptionId: string): SubscriptionRecord {
    const { customer } = this.usable(id);
    const subscription = this.state.subscriptions.get(subscriptionId);
    if (subscription?.customer !== customer) throw notFound('subscription', subscriptionId);
    if (hasEnded(subscription)) throw invalid('This subscription has ended.');
    return subscription;
  }

  private usable(id: string): PortalSessionRecord {
    const session = this.find(id);
    if (!this.portal.isUsable(session)) throw invalid('This link has expired.');
    return session;
  }

  private find(id: string): PortalSessionRecord {
    const session = this.state.portalSessions.get(id);
    if (session === undefined) throw notFound('billing_portal.session', id);
    return session;
  }
}

const back = (id: string): Location => ({ url: `/stripe/portal/${id}` });
