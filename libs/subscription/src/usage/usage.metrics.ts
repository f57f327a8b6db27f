import { Metrics } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { costUsd, type Purpose, type UsedTokens } from './used-tokens.js';

/** A model call that has ended and was recorded in the ledger. */
export interface EndedCall {
  /** As it was asked for. */
  model: string;
  plan: string;
  purpose: Purpose;
  usage: UsedTokens;
  /** The call was stopped or its worker died, so its use is an estimate. */
  estimated: boolean;
}

/** What model calls use and cost, by model and plan. */
@Injectable()
export class UsageMetrics {
  private readonly calls: Counter<'model' | 'plan' | 'purpose'>;
  private readonly estimates: Counter<'model' | 'plan' | 'purpose'>;
  private readonly tokens: Counter<'model' | 'plan' | 'kind'>;
  private readonly searches: Counter<'model' | 'plan'>;
  private readonly cost: Counter<'model' | 'plan'>;

  constructor(
    private readonly catalogue: PlanCatalogue,
    metrics: Metrics,
  ) {
    const registers = [metrics];
    this.calls = new Counter({
      name: 'model_calls_total',
      help: 'Calls to models that have ended, also those that failed or were stopped.',
      labelNames: ['model', 'plan', 'purpose'],
      registers,
    });
    this.estimates = new Counter({
      name: 'model_calls_estimated_total',
      help: 'Those of model_calls_total whose use is an estimate, since they were stopped or their worker died.',
      labelNames: ['model', 'plan', 'purpose'],
      registers,
    });
    this.tokens = new Counter({
      name: 'model_tokens_total',
      help: 'Tokens that model calls used: prompt, cached (a part of prompt), thought, reply.',
      labelNames: ['model', 'plan', 'kind'],
      registers,
    });
    this.searches = new Counter({
      name: 'model_searches_total',
      help: 'Searches of the web that model calls made, as the vendor bills them.',
      labelNames: ['model', 'plan'],
      registers,
    });
    this.cost = new Counter({
      name: 'model_cost_usd_total',
      help: "What model calls cost in US dollars by the catalogue's prices; without those of models that have no price.",
      labelNames: ['model', 'plan'],
      registers,
    });
  }

  /** To be called once for each call, when the statement that records it in the ledger has succeeded. */
  record({ model, plan, purpose, usage, estimated }: EndedCall): void {
    const known = this.catalogue.model(model);
    const labels = { model: this.catalogue.labelOf(model), plan };
    this.calls.inc({ ...labels, purpose });
    if (estimated) this.estimates.inc({ ...labels, purpose });
    this.tokens.inc({ ...labels, kind: 'prompt' }, usage.promptTokens);
    this.tokens.inc({ ...labels, kind: 'cached' }, usage.cachedTokens);
    this.tokens.inc({ ...labels, kind: 'thought' }, usage.thoughtTokens);
    this.tokens.inc({ ...labels, kind: 'reply' }, usage.replyTokens);
    this.searches.inc(labels, usage.searches);
    const cost = costUsd(known, usage);
    if (cost !== null) this.cost.inc(labels, cost);
  }
}
