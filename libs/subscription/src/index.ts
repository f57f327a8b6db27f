export { DailyQuotaGuard } from './daily-quota.guard.js';
export { type DailyQuota, DailyQuotaExceededError, dailyMessagesPolicy, utcDay } from './daily-quota.js';
export { QuotaLedger, refundOneMessageSql, spendOneMessageSql } from './quota-ledger.js';
export { QuotaConfig } from './quota.config.js';
export { SpentQuotas } from './spent-quotas.js';
export { SUBSCRIPTION_CONFIG, SubscriptionModule } from './subscription.module.js';
export { SUBSCRIPTION_WORKER_CONFIG, SubscriptionWorkerModule } from './subscription-worker.module.js';
