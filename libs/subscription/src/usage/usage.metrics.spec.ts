import { Metrics } from '@app/platform';
import { CatalogueConfig } from '../catalogue/catalogue.config.js';
import { loadPlanCatalogue } from '../catalogue/load-plan-catalogue.js';
import { UsageMetrics } from './usage.metrics.js';

it('the metrics count calls, tokens, searches and costs by model and plan', async () => {
  const registry = new Metrics();
  const metrics = new UsageMetrics(loadPlanCatalogue(new CatalogueConfig()), registry);
  const call = { model: 'gemini-flash-latest', plan: 'basic', purpose: 'reply', estimated: false } as const;
  const usage = { promptTokens: 1_000, cachedTokens: 400, thoughtTokens: 50, replyTokens: 150, searches: 2 };
  metrics.record({ ...call, usage });
  metrics.record({ ...call, usage, purpose: 'title', estimated: true });
  metrics.record({ ...call, usage, model: 'made-up', plan: 'pro' });

  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('model_'));
  expect(lines).toEqual([
    'model_calls_total{model="gemini-flash-latest",plan="basic",purpose="reply"} 1',
    'model_calls_total{model="gemini-flash-latest",plan="basic",purpose="title"} 1',
    'model_calls_total{model="other",plan="pro",purpose="reply"} 1',
    'model_calls_estimated_total{model="gemini-flash-latest",plan="basic",purpose="title"} 1',
    'model_tokens_total{model="gemini-flash-latest",plan="basic",kind="prompt"} 2000',
    'model_tokens_total{model="gemini-flash-latest",plan="basic",kind="cached"} 800',
    'model_tokens_total{model="gemini-flash-latest",plan="basic",kind="thought"} 100',
    'model_tokens_total{model="gemini-flash-latest",plan="basic",kind="reply"} 300',
    'model_tokens_total{model="other",plan="pro",kind="prompt"} 1000',
    'model_tokens_total{model="other",plan="pro",kind="cached"} 400',
    'model_tokens_total{model="other",plan="pro",kind="thought"} 50',
    'model_tokens_total{model="other",plan="pro",kind="reply"} 150',
    'model_searches_total{model="gemini-flash-latest",plan="basic"} 4',
    'model_searches_total{model="other",plan="pro"} 2',
    'model_cost_usd_total{model="gemini-flash-latest",plan="basic"} 0.057384',
  ]);
});
