import { Module, type Type } from '@nestjs/common';
import { CatalogueConfig } from './catalogue/catalogue.config.js';
import { BillingModule } from './billing.module.js';
import { BillingSweepTask } from './jobs/billing-sweep.task.js';
import { BillingTaskMetrics } from './jobs/billing-task.metrics.js';
import { BillingTaskStore } from './jobs/billing-task.store.js';
import { BillingProcessor } from './jobs/billing.processor.js';
import { StripeCancellationService } from './jobs/stripe-cancellation.service.js';
import { PlanConfig } from './plan/plan.config.js';
import { EventCursorStore } from './reconciler/event-cursor.store.js';
import { EventReconcilerTask } from './reconciler/event-reconciler.task.js';
import { ReconcilerConfig } from './reconciler/reconciler.config.js';
import { StripeConfig } from './stripe/stripe.config.js';
import { ModelCallSweepTask } from './usage/model-call-sweep.task.js';
import { UsageModule } from './usage/usage.module.js';

/** The configuration classes that a process with {@link SubscriptionWorkerModule} has to provide. */
export const SUBSCRIPTION_WORKER_CONFIG: Type<object>[] = [CatalogueConfig, StripeConfig, PlanConfig, ReconcilerConfig];

/** Keeps plans and the ledger of model calls true in the background. Importing it starts a queue worker in the process. */
@Module({
  imports: [BillingModule, UsageModule],
  providers: [
    BillingProcessor,
    BillingSweepTask,
    BillingTaskMetrics,
    BillingTaskStore,
    EventCursorStore,
    EventReconcilerTask,
    ModelCallSweepTask,
    StripeCancellationService,
  ],
})
export class SubscriptionWorkerModule {}
