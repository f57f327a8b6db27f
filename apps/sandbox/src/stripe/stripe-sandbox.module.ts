import { Module } from '@nestjs/common';
import { SandboxConfig } from '../sandbox.config.js';
import { Billing } from './account/billing.js';
import { Catalog } from './account/catalog.js';
import { Checkout } from './account/checkout.js';
import { Customers } from './account/customers.js';
import { EventLog } from './account/event-log.js';
import { Invoices } from './account/invoices.js';
import { Portal } from './account/portal.js';
import { StripeState } from './account/stripe-state.js';
import { Subscriptions } from './account/subscriptions.js';
import { TestClock } from './account/test-clock.js';
import { Timekeeper } from './account/timekeeper.js';
import { PricesController, ProductsController } from './api/catalog.controller.js';
import { CheckoutSessionsController } from './api/checkout-sessions.controller.js';
import { CustomersController } from './api/customers.controller.js';
import { EventsController } from './api/events.controller.js';
import { Expansion } from './api/expansion.js';
import { Faults } from './api/faults.js';
import { Idempotency } from './api/idempotency.js';
import { InvoicesController } from './api/invoices.controller.js';
import { Journal } from './api/journal.js';
import { PortalSessionsController } from './api/portal-sessions.controller.js';
import { SubscriptionsController } from './api/subscriptions.controller.js';
import { ThinEventsController } from './api/thin-events.controller.js';
import { UnknownRouteController } from './api/unknown-route.controller.js';
import { AccountControlController } from './control/account-control.controller.js';
import { DeliveriesControlController } from './control/deliveries-control.controller.js';
import { ForcedStatus } from './control/forced-status.js';
import { ServiceControlController } from './control/service-control.controller.js';
import { StripeSandbox } from './control/stripe-sandbox.js';
import { CheckoutPagesController } from './pages/checkout-pages.controller.js';
import { PortalPagesController } from './pages/portal-pages.controller.js';
import { StripeSandboxConfig } from './stripe-sandbox.config.js';
import { DeliveryDesk } from './webhooks/delivery-desk.js';
import { WebhookSender } from './webhooks/webhook-sender.js';
import { ObjectFinder } from './wire/object-finder.js';

const account = [
  StripeState,
  TestClock,
  EventLog,
  Catalog,
  Customers,
  Subscriptions,
  Invoices,
  Billing,
  Checkout,
  Portal,
  Timekeeper,
];
const api = [
  CustomersController,
  ProductsController,
  PricesController,
  CheckoutSessionsController,
  SubscriptionsController,
  InvoicesController,
  PortalSessionsController,
  EventsController,
  ThinEventsController,
  UnknownRouteController,
];
const control = [AccountControlController, DeliveriesControlController, ServiceControlController];

/** A stand-in for Stripe: API, pages, webhooks, and a control API for tests. README.md tells how to steer it. */
@Module({
  controllers: [...api, CheckoutPagesController, PortalPagesController, ...control],
  providers: [
    { provide: StripeSandboxConfig, useFactory: (config: SandboxConfig) => config.stripe, inject: [SandboxConfig] },
    ...account,
    ObjectFinder,
    Expansion,
    Faults,
    Idempotency,
    Journal,
    WebhookSender,
    DeliveryDesk,
    ForcedStatus,
    StripeSandbox,
  ],
})
export class StripeSandboxModule {}
