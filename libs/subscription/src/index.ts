export { DailyQuotaExceededError } from './quota/daily-quota.errors.js';
export { DailyQuotaGuard } from './quota/daily-quota.guard.js';
export { type DailyQuota, dailyMessagesPolicy, utcDay } from './quota/daily-quota.js';
export { ExhaustedQuotaCache } from './quota/exhausted-quota.cache.js';
export { QuotaLedgerStore, refundOneMessageSql, spendOneMessageSql } from './quota/quota-ledger.store.js';
export { QuotaConfig } from './quota/quota.config.js';
export { SUBSCRIPTION_CONFIG, SubscriptionModule } from './subscription.module.js';
export { SUBSCRIPTION_RETENTION } from './subscription.retention.js';
export { SUBSCRIPTION_WORKER_CONFIG, SubscriptionWorkerModule } from './subscription-worker.module.js';
