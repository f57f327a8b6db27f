import { BILLING_QUEUE } from '@app/contracts';
import { QueueConnectionModule, QueueModule } from '@app/platform';
import { BullModule } from '@nestjs/bullmq';
import { Module, type Provider } from '@nestjs/common';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { BillingJobsService } from './jobs/billing-jobs.service.js';
import { EventIntakeService } from './jobs/event-intake.service.js';
import { StripeEventStore } from './jobs/stripe-event.store.js';
import { PaymentGateway } from './stripe/payment-gateway.port.js';
import { StripePaymentGateway } from './stripe/stripe.payment-gateway.js';
import { BillingMetrics } from './sync/billing.metrics.js';
import { CustomerLeaseStore } from './sync/customer-lease.store.js';
import { SubscriptionSyncService } from './sync/subscription-sync.service.js';
import { SubscriptionStore } from './sync/subscription.store.js';

const SHARED: Provider[] = [
  { provide: PaymentGateway, useClass: StripePaymentGateway },
  BillingJobsService,
  BillingMetrics,
  CustomerLeaseStore,
  EventIntakeService,
  StripeEventStore,
  SubscriptionStore,
  SubscriptionSyncService,
];

/** What API and worker both need to deal with Stripe. */
@Module({
  imports: [
    CatalogueModule,
    QueueConnectionModule,
    QueueModule,
    BullModule.registerQueue({ name: BILLING_QUEUE.queue }),
  ],
  providers: SHARED,
  exports: [...SHARED, CatalogueModule],
})
export class BillingModule {}
