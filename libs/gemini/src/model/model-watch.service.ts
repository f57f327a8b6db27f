import { Metrics, PeriodicTask } from '@app/platform';
import { PlanCatalogue } from '@app/subscription';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { LanguageModel, ModelError, type ModelFailure } from './language-model.port.js';

/** Failures that do not pass by themselves. */
const NEEDS_OPERATOR: ReadonlySet<ModelFailure> = new Set(['misconfigured', 'unknown_model']);

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
const WHILE_FINE_MS = 300_000;

/**
 * Tells the operator whether the key and the default models of the plans work: when the worker starts and ever after, in the
 * log (when it changes) and as a metric. Stops nothing: a reply that meets the same trouble has its own error.
 */
@Injectable()
export class ModelWatchService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ModelWatchService.name);
  private readonly stopping = new AbortController();
  private readonly models: readonly string[];
  private readonly usable: Gauge;
  private readonly task = new PeriodicTask({
    name: 'Checking the model',
    intervalMs: () => pauseMs(this.failures),
    run: () => this.check(),
  });
  private trouble = '';
  private failures = 0;

  constructor(
    private readonly model: LanguageModel,
    catalogue: PlanCatalogue,
    metrics: Metrics,
  ) {
    this.models = [...new Set(catalogue.plans.map(({ defaultModel }) => defaultModel))];
    this.usable = new Gauge({
      name: 'model_usable',
      help: 'Whether the last check of the API key and the default models of the plans passed.',
      registers: [metrics],
    });
  }

  onApplicationBootstrap(): void {
    this.task.startNow();
  }

  onApplicationShutdown(): void {
    this.task.stop();
    this.stopping.abort();
  }

  private async check(): Promise<void> {
    const trouble = await this.findTrouble();
    this.failures = trouble === '' ? 0 : this.failures + 1;
    this.usable.set(trouble === '' ? 1 : 0);
    if (trouble === this.trouble) return;
    if (trouble === '') this.logger.log(`The model "${this.models.join('", "')}" can be used again`);
    else this.logger.error(trouble);
    this.trouble = trouble;
  }

  /** @returns what is wrong with the first of the models that can't be used; empty: nothing */
  private async findTrouble(): Promise<string> {
    for (const model of this.models) {
      const trouble = await this.troubleOf(model);
      if (trouble !== '') return trouble;
    }
    return '';
  }

  private async troubleOf(model: string): Promise<string> {
    try {
      await this.model.check(model, this.stopping.signal);
      return '';
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      if (!NEEDS_OPERATOR.has(error.failure)) return `The model could not be checked: ${error.message}`;
      return `The model "${model}" cannot be used: ${error.message}`;
    }
  }
}

/** After failures doubling from a second to a minute, spread so that workers don't ask in step. */
function pauseMs(failures: number): number {
  const pause = failures === 0 ? WHILE_FINE_MS : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
  return pause * (1 - Math.random() / 4);
}
