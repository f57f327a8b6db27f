import { Metrics, SharedState } from '@app/platform';
import { PlanCatalogue } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { ModelPauseStore } from './model-pause.store.js';
import { ModelMetrics } from './model.metrics.js';

/** Which models are not called now. */
@Injectable()
export class ModelPauseMetrics {
  private readonly paused: Gauge<'model'>;

  constructor(
    metrics: Metrics,
    private readonly pauses: ModelPauseStore,
    private readonly catalogue: PlanCatalogue,
    private readonly models: ModelMetrics,
  ) {
    const state = new SharedState("models' pauses", () => this.read());
    this.paused = new Gauge({
      name: 'model_paused',
      help: 'Whether the model is over its rate limit or down, so that at most one reply at a time tries it: 1, else 0.',
      labelNames: ['model'],
      registers: [state],
    });
    metrics.share(state);
  }

  private async read(): Promise<void> {
    const paused = await this.pauses.paused();
    this.paused.reset();
    for (const { name } of this.catalogue.models) this.paused.set({ model: name }, 0);
    for (const model of paused) this.paused.set({ model: this.models.label(model) }, 1);
  }
}
