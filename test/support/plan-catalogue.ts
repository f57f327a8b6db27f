import { DEFAULT_PLAN, type Plan, PlanCatalogue } from '../../libs/subscription/src/catalogue/plan-catalogue.js';

/** The ids of a plan's prices. */
export type PriceIds = { month?: string; year?: string };

/** A catalogue for tests of billing: Basic, and the paid plans from the lowest upwards with the ids of their prices. */
export function planCatalogue(paid: Record<string, PriceIds>): PlanCatalogue {
  const plans = Object.entries(paid).map(([name, prices]) => plan(name, prices));
  return new PlanCatalogue(
    [plan(DEFAULT_PLAN, {}), ...plans],
    [{ name: 'model', label: 'Model', usdPerMillion: null }],
  );
}

function plan(name: string, ids: PriceIds): Plan {
  const prices = Object.entries(ids).map(([interval, id]) => [
    interval,
    { id, trialDays: 0, promotionCodes: true, automaticTax: false },
  ]);
  return {
    name,
    label: name,
    dailyMessages: null,
    models: ['model'],
    defaultModel: 'model',
    concurrentReplies: 1,
    maxOutputTokens: 1_000,
    historyTokens: 1_000,
    maxChatrooms: 10,
    maxMessageCharacters: 1_000,
    prices: Object.fromEntries(prices) as Plan['prices'],
  };
}
