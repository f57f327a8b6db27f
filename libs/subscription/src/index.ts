export { CapacityReachedError } from './quota/capacity.errors.js';
export { CapacityService } from './quota/capacity.service.js';
export { DailyQuotaExceededError } from './quota/daily-quota.errors.js';
export { DailyQuotaGuard } from './quota/daily-quota.guard.js';
export { type DailyQuota, dailyMessagesPolicy, utcDay } from './quota/daily-quota.js';
export { ExhaustedQuotaCache } from './quota/exhausted-quota.cache.js';
export { ErasedQuotaStore } from './quota/erased-quota.store.js';
export {
  QuotaLedgerStore,
  refundMessagesSql,
  refundOneMessageSql,
  spendOneMessageSql,
} from './quota/quota-ledger.store.js';
export { CatalogueConfig } from './catalogue/catalogue.config.js';
export { CatalogueModule } from './catalogue/catalogue.module.js';
export { loadPlanCatalogue } from './catalogue/load-plan-catalogue.js';
export { DEFAULT_PLAN, type Plan, PlanCatalogue } from './catalogue/plan-catalogue.js';
export { planLimitSql, planNumberSql, planSql } from './plan/plan-sql.js';
export { PlanStore } from './plan/plan.store.js';
export { ModelCallService } from './usage/model-call.service.js';
export { recordUsageSql, usageDaySql } from './usage/record-usage.js';
export { UsageMetrics } from './usage/usage.metrics.js';
export { UsageModule } from './usage/usage.module.js';
export { SUBSCRIPTION_CONFIG, SubscriptionModule } from './subscription.module.js';
export { SUBSCRIPTION_RETENTION } from './subscription.retention.js';
export { SUBSCRIPTION_WORKER_CONFIG, SubscriptionWorkerModule } from './subscription-worker.module.js';
