import { setTimeout as sleep } from 'node:timers/promises';
import { Metrics } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { GeminiConfig } from './gemini.config.js';
import { LanguageModel, ModelError } from './language-model.port.js';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
const WHILE_FINE_MS = 300_000;

/**
 * Tells the operator whether key and default model work: when the worker starts and ever after, in the log (when it
 * changes) and as a metric. Keeps nothing from running: a reply that meets the same trouble has its own error.
 */
@Injectable()
export class ModelWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ModelWatch.name);
  private readonly stopping = new AbortController();
  private readonly usable: Gauge;
  private trouble = '';

  constructor(
    private readonly model: LanguageModel,
    private readonly config: GeminiConfig,
    metrics: Metrics,
  ) {
    this.usable = new Gauge({
      name: 'model_usable',
      help: 'Whether the last check of the API key and the default model passed.',
      registers: [metrics],
    });
  }

  onApplicationBootstrap(): void {
    this.watch().catch((error: unknown) => {
      if (!this.stopping.signal.aborted) this.logger.error(error);
    });
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  private async watch(): Promise<never> {
    for (let failures = 0; ;) {
      const trouble = await this.check();
      failures = trouble === '' ? 0 : failures + 1;
      this.report(trouble);
      await sleep(pauseMs(failures), undefined, { signal: this.stopping.signal, ref: false });
    }
  }

  /** @returns what is wrong; empty: nothing */
  private async check(): Promise<string> {
    try {
      await this.model.check(this.config.GEMINI_MODEL, this.stopping.signal);
      return '';
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      if (error.failure !== 'misconfigured') return `The model could not be checked: ${error.message}`;
      return `The model "${this.config.GEMINI_MODEL}" cannot be used: ${error.message}. See GEMINI_API_KEY and GEMINI_MODEL.`;
    }
  }

  private report(trouble: string): void {
    this.usable.set(trouble === '' ? 1 : 0);
    if (trouble === this.trouble) return;
    if (trouble === '') this.logger.log(`The model "${this.config.GEMINI_MODEL}" can be used again`);
    else this.logger.error(trouble);
    this.trouble = trouble;
  }
}

/** After failures doubling from a second to a minute, spread so that workers don't ask in step. */
function pauseMs(failures: number): number {
  const pause = failures === 0 ? WHILE_FINE_MS : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
  return pause * (1 - Math.random() / 4);
}
