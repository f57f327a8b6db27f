import type { CatalogueModel } from '../catalogue/plan-catalogue.js';

/** For what a model is called: a reply, or a room's title. */
export const PURPOSES = ['reply', 'title'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** What model calls used, in tokens. */
export interface UsedTokens {
  promptTokens: number;
  /** The part of `promptTokens` that the vendor had cached. */
  cachedTokens: number;
  /** What the model thought before it answered: billed like the answer, and no part of `replyTokens`. */
  thoughtTokens: number;
  replyTokens: number;
}

const MILLION = 1_000_000;

/** A billionth of a dollar: less than the cheapest token costs, and more than the error of a binary fraction. */
const DECIMALS = 9;

/** What tokens cost at a model's prices, in US dollars; null: the model has no price. */
export function costUsd(model: CatalogueModel | null, used: UsedTokens): number | null {
  const prices = model?.usdPerMillion ?? null;
  if (prices === null) return null;
  const cached = Math.min(used.cachedTokens, used.promptTokens);
  const millionfold =
    (used.promptTokens - cached) * prices.input +
    cached * (prices.cached ?? prices.input) +
    (used.thoughtTokens + used.replyTokens) * prices.output;
  return Number((millionfold / MILLION).toFixed(DECIMALS));
}
