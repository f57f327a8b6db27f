import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { costUsd, type UsedTokens } from './used-tokens.js';

/** What all calls of a model used on a day. */
type ModelTotal = UsedTokens & { model: string };

const TOTALS = prepared<ModelTotal>(
  'usage_totals_of_day',
  `
    WITH ledger AS (
      SELECT model, prompt_tokens, cached_tokens, thought_tokens, reply_tokens, searches FROM model_usage WHERE day = $1::date
      UNION ALL
      SELECT model, prompt_tokens, cached_tokens, thought_tokens, reply_tokens, searches FROM erased_model_usage
      WHERE day = $1::date
    )
    SELECT model, sum(prompt_tokens)::float8 AS "promptTokens", sum(cached_tokens)::float8 AS "cachedTokens",
           sum(thought_tokens)::float8 AS "thoughtTokens", sum(reply_tokens)::float8 AS "replyTokens",
           sum(searches)::float8 AS searches
    FROM ledger GROUP BY model`,
);

/** What the deployment has spent on models. */
@Injectable()
export class DailyBudgetStore {
  constructor(
    private readonly database: Database,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /**
   * What the calls of a UTC day have cost, those of deleted accounts too, in US dollars. Models without a price count nothing.
   *
   * @param day e.g. `2026-11-23`
   */
  async spentUsd(day: string): Promise<number> {
    const totals = await this.database.run(TOTALS, [day]);
    return totals.reduce((sum, total) => sum + (costUsd(this.catalogue.model(total.model), total) ?? 0), 0);
  }
}
