import fc from 'fast-check';
import { estimateTokens } from '../model/model-call-usage.js';
import { newestWithin } from './history.service.js';

const turn = fc.record({ seq: fc.nat(), question: fc.string(), answer: fc.option(fc.string({ unit: 'grapheme' })) });
const size = ({ question, answer }: { question: string; answer: string | null }) =>
  estimateTokens(question) + estimateTokens(answer ?? '');

describe('the history that the model is shown', () => {
  it('is the longest run of newest whole turns within the budget', () => {
    fc.assert(
      fc.property(fc.array(turn), fc.nat({ max: 300 }), (turns, budget) => {
        const kept = newestWithin(turns, budget);
        const sum = kept.reduce((total, one) => total + size(one), 0);
        expect(kept).toEqual(turns.slice(turns.length - kept.length));
        expect(sum).toBeLessThanOrEqual(budget);
        const next = turns[turns.length - kept.length - 1];
        const withNext = next === undefined ? Infinity : sum + size(next);
        expect(withNext).toBeGreaterThan(budget);
      }),
    );
  });
});
