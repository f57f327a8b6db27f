import { BILLING_QUEUE } from '@app/contracts';
import { QueueModule } from '@app/platform';
import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { PaymentGateway } from './stripe/payment-gateway.port.js';
import { StripePaymentGateway } from './stripe/stripe.payment-gateway.js';
import { BillingBell } from './sync/billing.bell.js';
import { BillingMetrics } from './sync/billing.metrics.js';
import { CustomerLeases } from './sync/customer-leases.js';
import { StripeEvents } from './sync/stripe-events.js';
import { SubscriptionSync } from './sync/subscription-sync.js';
import { SubscriptionStore } from './sync/subscription.store.js';

/** What API and worker both need to deal with Stripe. */
@Module({
  imports: [QueueModule, BullModule.registerQueue({ name: BILLING_QUEUE })],
  providers: [
    { provide: PaymentGateway, useClass: StripePaymentGateway },
    BillingBell,
    BillingMetrics,
    CustomerLeases,
    StripeEvents,
    SubscriptionStore,
    SubscriptionSync,
  ],
  exports: [
    PaymentGateway,
    BillingBell,
    BillingMetrics,
    CustomerLeases,
    StripeEvents,
    SubscriptionStore,
    SubscriptionSync,
  ],
})
export class BillingModule {}
