import { Metrics } from '@app/platform';
import { PlanCatalogue } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { ModelFailure } from './language-model.port.js';

/** How models fail. What their calls cost is the ledger's: `UsageMetrics`. */
@Injectable()
export class ModelMetrics {
  private readonly failures: Counter<'model' | 'failure'>;

  constructor(
    metrics: Metrics,
    private readonly catalogue: PlanCatalogue,
  ) {
    this.failures = new Counter({
      name: 'model_call_failures_total',
      help: 'Calls to models that failed, for replies, titles and probes; rate_limited: the vendor answered 429.',
      labelNames: ['model', 'failure'],
      registers: [metrics],
    });
  }

  /** The value of the label `model`: a model of the catalogue, or `other`. */
  label(model: string): string {
    return this.catalogue.labelOf(model);
  }

  failed(model: string, failure: ModelFailure): void {
    this.failures.inc({ model: this.label(model), failure });
  }
}
