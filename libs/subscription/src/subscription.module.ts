import { AuthModule } from '@app/auth';
import { Module, type Type } from '@nestjs/common';
import { CatalogueConfig } from './catalogue/catalogue.config.js';
import { BillingModule } from './billing.module.js';
import { CheckoutConfig } from './checkout/checkout.config.js';
import { CheckoutService } from './checkout/checkout.service.js';
import { CustomerService } from './checkout/customer.service.js';
import { OfferConfig } from './checkout/offer.config.js';
import { PlanOfferService } from './checkout/plan-offer.service.js';
import { ReturnUrlService } from './checkout/return-url.service.js';
import { PlanConfig } from './plan/plan.config.js';
import { PlanController } from './plan/plan.controller.js';
import { PlanGrantStore } from './plan/plan-grant.store.js';
import { PlanStore } from './plan/plan.store.js';
import { ErasedQuotaStore } from './quota/erased-quota.store.js';
import { CapacityService } from './quota/capacity.service.js';
import { ExhaustedQuotaCache } from './quota/exhausted-quota.cache.js';
import { QuotaLedgerStore } from './quota/quota-ledger.store.js';
import { QuotaMetrics } from './quota/quota.metrics.js';
import { StripeConfig } from './stripe/stripe.config.js';
import { SubscriptionAccountParticipant } from './subscription-account.participant.js';
import { SubscriptionStatusService } from './subscription-status.service.js';
import { SubscriptionController } from './subscription.controller.js';
import { DailyBudgetConfig } from './usage/daily-budget.config.js';
import { DailyBudgetStore } from './usage/daily-budget.store.js';
import { DailyBudgetTask } from './usage/daily-budget.task.js';
import { DailySpendStore } from './usage/daily-spend.store.js';
import { ModelUsageStore } from './usage/model-usage.store.js';
import { UsageController } from './usage/usage.controller.js';
import { StripeWebhookController } from './webhook/stripe-webhook.controller.js';
import { StripeWebhookService } from './webhook/stripe-webhook.service.js';
import { WebhookConfig } from './webhook/webhook.config.js';

/** The configuration classes that a process with {@link SubscriptionModule} has to provide. */
export const SUBSCRIPTION_CONFIG: Type<object>[] = [
  CatalogueConfig,
  OfferConfig,
  PlanConfig,
  StripeConfig,
  CheckoutConfig,
  WebhookConfig,
  DailyBudgetConfig,
];

/** Plans, quotas and payment over HTTP. */
@Module({
  imports: [AuthModule, BillingModule],
  controllers: [PlanController, SubscriptionController, StripeWebhookController, UsageController],
  providers: [
    CapacityService,
    CheckoutService,
    CustomerService,
    ErasedQuotaStore,
    DailyBudgetStore,
    DailyBudgetTask,
    DailySpendStore,
    ExhaustedQuotaCache,
    ModelUsageStore,
    PlanGrantStore,
    PlanOfferService,
    PlanStore,
    QuotaLedgerStore,
    QuotaMetrics,
    ReturnUrlService,
    StripeWebhookService,
    SubscriptionAccountParticipant,
    SubscriptionStatusService,
  ],
  exports: [
    BillingModule,
    CapacityService,
    DailySpendStore,
    ExhaustedQuotaCache,
    PlanGrantStore,
    PlanStore,
    QuotaLedgerStore,
    QuotaMetrics,
    SubscriptionStatusService,
  ],
})
export class SubscriptionModule {}
