import { Module } from '@nestjs/common';
import { CatalogueConfig } from './catalogue.config.js';
import { loadPlanCatalogue } from './load-plan-catalogue.js';
import { PlanCatalogue } from './plan-catalogue.js';

/** The plans and models on offer, read and checked once when the process starts. */
@Module({
  providers: [{ provide: PlanCatalogue, useFactory: loadPlanCatalogue, inject: [CatalogueConfig] }],
  exports: [PlanCatalogue],
})
export class CatalogueModule {}
