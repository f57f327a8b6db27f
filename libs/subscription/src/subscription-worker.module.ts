import { Module, type Type } from '@nestjs/common';
import { BillingModule } from './billing.module.js';
import { PlanConfig } from './plan.config.js';
import { StripeConfig } from './stripe/stripe.config.js';
import { BillingTasks } from './sync/billing-tasks.js';
import { BillingProcessor } from './sync/billing.processor.js';
import { BillingSweeper } from './sync/billing.sweeper.js';
import { EventReconciler } from './sync/event-reconciler.js';
import { ReconcilerConfig } from './sync/reconciler.config.js';
import { StripeCancellations } from './sync/stripe-cancellations.js';

/** The configuration classes that a process with {@link SubscriptionWorkerModule} has to provide. */
export const SUBSCRIPTION_WORKER_CONFIG: Type<object>[] = [StripeConfig, PlanConfig, ReconcilerConfig];

/** Keeps plans true in the background. Importing it starts a queue worker in the process. */
@Module({
  imports: [BillingModule],
  providers: [BillingProcessor, BillingSweeper, BillingTasks, EventReconciler, StripeCancellations],
})
export class SubscriptionWorkerModule {}
