export { DailyQuotaGuard } from './quota/daily-quota.guard.js';
export { type DailyQuota, DailyQuotaExceededError, dailyMessagesPolicy, utcDay } from './quota/daily-quota.js';
export { QuotaLedger, refundOneMessageSql, spendOneMessageSql } from './quota/quota-ledger.store.js';
export { QuotaConfig } from './quota/quota.config.js';
export { ExhaustedQuotaCache } from './quota/exhausted-quota.cache.js';
export { SUBSCRIPTION_CONFIG, SubscriptionModule } from './subscription.module.js';
export { SUBSCRIPTION_WORKER_CONFIG, SubscriptionWorkerModule } from './subscription-worker.module.js';
