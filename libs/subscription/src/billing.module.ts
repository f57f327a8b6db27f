import { BILLING_QUEUE } from '@app/contracts';
import { QueueModule } from '@app/platform';
import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { PaymentGateway } from './stripe/payment-gateway.port.js';
import { StripePaymentGateway } from './stripe/stripe.payment-gateway.js';
import { BillingJobs } from './jobs/billing-jobs.service.js';
import { BillingMetrics } from './sync/billing.metrics.js';
import { CustomerLeaseStore } from './sync/customer-lease.store.js';
import { StripeEventStore } from './jobs/stripe-event.store.js';
import { SubscriptionSync } from './sync/subscription-sync.service.js';
import { SubscriptionStore } from './sync/subscription.store.js';

/** What API and worker both need to deal with Stripe. */
@Module({
  imports: [QueueModule, BullModule.registerQueue({ name: BILLING_QUEUE })],
  providers: [
    { provide: PaymentGateway, useClass: StripePaymentGateway },
    BillingJobs,
    BillingMetrics,
    CustomerLeaseStore,
    StripeEventStore,
    SubscriptionStore,
    SubscriptionSync,
  ],
  exports: [
    PaymentGateway,
    BillingJobs,
    BillingMetrics,
    CustomerLeaseStore,
    StripeEventStore,
    SubscriptionStore,
    SubscriptionSync,
  ],
})
export class BillingModule {}
