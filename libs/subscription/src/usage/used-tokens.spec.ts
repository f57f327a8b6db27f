import type { CatalogueModel } from '../catalogue/plan-catalogue.js';
import { costUsd } from './used-tokens.js';

const model = (
  usdPerMillion: CatalogueModel['usdPerMillion'],
  usdPerThousandSearches: number | null = null,
): CatalogueModel => ({ name: 'm', label: 'M', files: [], usdPerMillion, usdPerThousandSearches });
const used = { promptTokens: 1_000, cachedTokens: 400, thoughtTokens: 50, replyTokens: 150, searches: 0 };

describe('what calls cost', () => {
  it('is the prompt, its cached part at its own price, and thoughts like the answer', () => {
    // 600 × 0.3 + 400 × 0.03 + 200 × 2.5 millionths
    expect(costUsd(model({ input: 0.3, cached: 0.03, output: 2.5 }), used)).toBe(0.000692);
  });

  it('is the price of the input for a cached part without a price', () => {
    expect(costUsd(model({ input: 0.3, cached: null, output: 2.5 }), used)).toBe(0.0008);
  });

  it('is not known without prices, nor of a model that is not on offer', () => {
    expect(costUsd(model(null), used)).toBeNull();
    expect(costUsd(null, used)).toBeNull();
  });

  it('is searches, too, at their own price', () => {
    const searching = { ...used, searches: 3 };
    expect(costUsd(model({ input: 0.3, cached: null, output: 2.5 }, 14), searching)).toBe(0.0428);
    expect(costUsd(model({ input: 0.3, cached: null, output: 2.5 }), searching)).toBe(0.0008);
    expect(costUsd(model(null, 14), searching)).toBeNull();
  });

  it('shows no error of binary fractions', () => {
    const few = { promptTokens: 3, cachedTokens: 0, thoughtTokens: 0, replyTokens: 0, searches: 0 };
    expect(JSON.stringify(costUsd(model({ input: 0.1, cached: null, output: 1 }), few))).toBe('3e-7');
    const many = { ...few, promptTokens: 123_456_789_012 };
    expect(JSON.stringify(costUsd(model({ input: 0.1, cached: null, output: 1 }), many))).toBe('12345.6789012');
  });

  it('never counts more as cached than there was', () => {
    const odd = { promptTokens: 10, cachedTokens: 20, thoughtTokens: 0, replyTokens: 0, searches: 0 };
    expect(costUsd(model({ input: 1, cached: 0, output: 1 }), odd)).toBe(0);
  });
});
