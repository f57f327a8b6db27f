import { Module } from '@nestjs/common';
import { CatalogueModule } from '../catalogue/catalogue.module.js';
import { ModelCallService } from './model-call.service.js';
import { ModelCallStore } from './model-call.store.js';
import { UsageMetrics } from './usage.metrics.js';

/** What counts model calls, for the process that makes them. */
@Module({
  imports: [CatalogueModule],
  providers: [ModelCallService, ModelCallStore, UsageMetrics],
  exports: [ModelCallService, UsageMetrics],
})
export class UsageModule {}
