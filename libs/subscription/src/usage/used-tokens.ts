import type { CatalogueModel } from '../catalogue/plan-catalogue.js';

/** For what a model is called: a reply, or a room's title. */
export const PURPOSES = ['reply', 'title'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** What model calls used: tokens, and searches of the web. */
export interface UsedTokens {
  promptTokens: number;
  /** The part of `promptTokens` that the vendor had cached. */
  cachedTokens: number;
  /** What the model thought before it answered: billed like the answer, and no part of `replyTokens`. */
  thoughtTokens: number;
  replyTokens: number;
  /** Searches of the web as the vendor bills them, see `searchesOf`: queries, or answers that searched at all. */
  searches: number;
}

const MILLION = 1_000_000;
const THOUSAND = 1_000;

/** A billionth of a dollar: less than the cheapest token costs, and more than the error of a binary fraction. */
const DECIMALS = 9;

/**
 * What calls cost at a model's prices, in US dollars; null: its tokens have no price. Searches without a price cost nothing.
 */
export function costUsd(model: CatalogueModel | null, used: UsedTokens): number | null {
  const prices = model?.usdPerMillion ?? null;
  if (prices === null) return null;
  const cached = Math.min(used.cachedTokens, used.promptTokens);
  const millionfold =
    (used.promptTokens - cached) * prices.input +
    cached * (prices.cached ?? prices.input) +
    (used.thoughtTokens + used.replyTokens) * prices.output;
  const searches = (used.searches * (model?.usdPerThousandSearches ?? 0)) / THOUSAND;
  return Number((millionfold / MILLION + searches).toFixed(DECIMALS));
}
