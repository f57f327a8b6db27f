import { Module } from '@nestjs/common';
import { SandboxConfig } from '../sandbox.config.js';
import { Billing } from './account/billing.js';
import { Checkout } from './account/checkout.js';
import { Customers } from './account/customers.js';
import { EventLog } from './account/event-log.js';
import { Invoices } from './account/invoices.js';
import { Portal } from './account/portal.js';
import { StripeState } from './account/stripe-state.js';
import { Subscriptions } from './account/subscriptions.js';
import { TestClock } from './account/test-clock.js';
import { Timekeeper } from './account/timekeeper.js';
import { CheckoutSessionsController } from './api/checkout-sessions.controller.js';
import { CustomersController } from './api/customers.controller.js';
import { EventsController } from './api/events.controller.js';
import { ApiFaults } from './http/api-faults.js';
import { Idempotency } from './http/idempotency.js';
import { InvoicesController } from './api/invoices.controller.js';
import { Journal } from './http/journal.js';
import { PortalSessionsController } from './api/portal-sessions.controller.js';
import { SubscriptionsController } from './api/subscriptions.controller.js';
import { UnknownRouteController } from './api/unknown-route.controller.js';
import { AccountControlController } from './control/account-control.controller.js';
import { DeliveriesControlController } from './control/deliveries-control.controller.js';
import { ForcedStatus } from './control/forced-status.js';
import { ServiceControlController } from './control/service-control.controller.js';
import { StripeSandbox } from './control/stripe-sandbox.js';
import { CheckoutPagesController } from './pages/checkout-pages.controller.js';
import { PortalPagesController } from './pages/portal-pages.controller.js';
import { StripeSandboxConfig } from './stripe-sandbox.config.js';
import { WebhookDeliveries } from './webhooks/webhook-deliveries.js';
import { WebhookSender } from './webhooks/webhook-sender.js';

const account = [
  StripeState,
  TestClock,
  EventLog,
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
  CheckoutSessionsController,
  SubscriptionsController,
  InvoicesController,
  PortalSessionsController,
  EventsController,
  UnknownRouteController,
];
const control = [AccountControlController, DeliveriesControlController, ServiceControlController];

/** A stand-in for Stripe: API, pages, webhooks, and a control API for tests. README.md describes the control API. */
@Module({
  controllers: [...api, CheckoutPagesController, PortalPagesController, ...control],
  providers: [
    { provide: StripeSandboxConfig, useFactory: (config: SandboxConfig) => config.stripe, inject: [SandboxConfig] },
    ...account,
    ApiFaults,
    Idempotency,
    Journal,
    WebhookSender,
    WebhookDeliveries,
    ForcedStatus,
    StripeSandbox,
  ],
})
export class StripeSandboxModule {}
