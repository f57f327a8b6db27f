export { DailyQuotaGuard } from './daily-quota.guard.js';
export {
  type DailyQuota,
  DailyQuotaExceededError,
  dailyMessagesPolicy,
  quotaResetsAt,
  utcDay,
} from './daily-quota.js';
export { QuotaLedger, refundOneMessageSql, spendOneMessageSql } from './quota-ledger.js';
export { QuotaConfig } from './quota.config.js';
export { SubscriptionModule } from './subscription.module.js';
