import { Clock, Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { planOfUserSql } from '../plan/plan-sql.js';
import { costUsd, type UsedTokens } from './used-tokens.js';

/** What the calls of one model for one purpose, by users of one plan, used on a day. */
interface SpendRow extends UsedTokens {
  /** The plan that counts now for those users; null: calls of deleted accounts, or for no account. */
  plan: string | null;
  model: string;
  purpose: string;
  calls: number;
  /** Those of `calls` whose use is an estimate. */
  estimatedCalls: number;
}

/** As {@link SpendRow}, with what it costs. */
export interface DailySpend extends SpendRow {
  /** US dollars; null: the catalogue has no price for the model. */
  costUsd: number | null;
}

const SPEND = prepared<SpendRow>(
  'usage_spend_of_day',
  `
    WITH ledger AS (
      SELECT user_id, model, purpose, calls, estimated_calls, prompt_tokens, cached_tokens, thought_tokens, reply_tokens,
        searches
      FROM model_usage WHERE day = $1::date
      UNION ALL
      SELECT NULL, model, purpose, calls, estimated_calls, prompt_tokens, cached_tokens, thought_tokens, reply_tokens,
        searches
      FROM erased_model_usage WHERE day = $1::date
    ), planned AS (
      SELECT ledger.*, CASE WHEN user_id IS NOT NULL THEN counting.plan END AS plan
      FROM ledger CROSS JOIN LATERAL ${planOfUserSql('ledger.user_id', '$2', '$3')}
    )
    SELECT plan, model, purpose, sum(calls)::int AS calls, sum(estimated_calls)::int AS "estimatedCalls",
      sum(prompt_tokens)::float8 AS "promptTokens", sum(cached_tokens)::float8 AS "cachedTokens",
      sum(thought_tokens)::float8 AS "thoughtTokens", sum(reply_tokens)::float8 AS "replyTokens",
      sum(searches)::float8 AS searches
    FROM planned GROUP BY plan, model, purpose ORDER BY model, plan, purpose`,
);

/** What models cost on a day, for operators: by model, plan and purpose. */
@Injectable()
export class DailySpendStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /** @param day the UTC day, e.g. `2026-11-23` */
  async read(day: string): Promise<DailySpend[]> {
    const rows = await this.database.run(SPEND, [day, this.clock.now(), this.catalogue.sqlParameter]);
    return rows.map((row) => ({ ...row, costUsd: costUsd(this.catalogue.model(row.model), row) }));
  }
}
