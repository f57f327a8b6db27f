import { Module } from '@nestjs/common';
import { DailyQuotaGuard } from './daily-quota.guard.js';
import { QuotaLedger } from './quota-ledger.js';
import { SubscriptionStatusService } from './subscription-status.service.js';
import { SubscriptionController } from './subscription.controller.js';

/** Plans and quotas as the API shows them. */
@Module({
  controllers: [SubscriptionController],
  providers: [DailyQuotaGuard, QuotaLedger, SubscriptionStatusService],
  exports: [DailyQuotaGuard, QuotaLedger],
})
export class SubscriptionModule {}
