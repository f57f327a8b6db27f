import { AuthModule } from '@app/auth';
import { Module, type Type } from '@nestjs/common';
import { BillingModule } from './billing.module.js';
import { CheckoutConfig } from './checkout/checkout.config.js';
import { CheckoutService } from './checkout/checkout.service.js';
import { Customers } from './checkout/customers.js';
import { ReturnUrlPolicy } from './checkout/return-urls.js';
import { PlanConfig } from './plan.config.js';
import { QuotaLedger } from './quota-ledger.js';
import { QuotaConfig } from './quota.config.js';
import { SpentQuotas } from './spent-quotas.js';
import { StripeConfig } from './stripe/stripe.config.js';
import { SubscriptionAccount } from './subscription-account.js';
import { SubscriptionStatusService } from './subscription-status.service.js';
import { SubscriptionController } from './subscription.controller.js';
import { StripeWebhookController } from './webhook/stripe-webhook.controller.js';
import { StripeWebhookService } from './webhook/stripe-webhook.service.js';
import { WebhookConfig } from './webhook/webhook.config.js';

/** The configuration classes that a process with {@link SubscriptionModule} has to provide. */
export const SUBSCRIPTION_CONFIG: Type<object>[] = [
  QuotaConfig,
  PlanConfig,
  StripeConfig,
  CheckoutConfig,
  WebhookConfig,
];

/** Plans, quotas and payment over HTTP. */
@Module({
  imports: [AuthModule, BillingModule],
  controllers: [SubscriptionController, StripeWebhookController],
  providers: [
    CheckoutService,
    Customers,
    QuotaLedger,
    ReturnUrlPolicy,
    SpentQuotas,
    StripeWebhookService,
    SubscriptionAccount,
    SubscriptionStatusService,
  ],
  exports: [QuotaLedger, SpentQuotas],
})
export class SubscriptionModule {}
