import fc from 'fast-check';
import { estimateTokens } from '../model/model-call-usage.js';
import type { ModelFile } from '../model/language-model.port.js';
import { newestWithin } from './history.service.js';

const file = fc.record({ tokens: fc.nat({ max: 50 }) }) as unknown as fc.Arbitrary<ModelFile>;
const turn = fc.record({
  seq: fc.nat(),
  question: fc.string(),
  files: fc.array(file, { maxLength: 2 }),
  answer: fc.option(fc.string({ unit: 'grapheme' })),
});
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;
const size = ({ question, answer, files }: Turn, ratio: number) =>
  (estimateTokens(question) + estimateTokens(answer ?? '')) * ratio +
  files.reduce((sum, { tokens }) => sum + tokens, 0);

describe('the history that the model is shown', () => {
  it('is the longest run of newest whole turns, with their files, within the budget', () => {
    const ratio = fc.constantFrom(0.5, 1, 2);
    fc.assert(
      fc.property(fc.array(turn), fc.nat({ max: 300 }), ratio, (turns, budget, ratio) => {
        const kept = newestWithin(turns, budget, ratio);
        const sum = kept.reduce((total, one) => total + size(one, ratio), 0);
        expect(kept).toEqual(turns.slice(turns.length - kept.length));
        expect(sum).toBeLessThanOrEqual(budget);
        const next = turns[turns.length - kept.length - 1];
        const withNext = next === undefined ? Infinity : sum + size(next, ratio);
        expect(withNext).toBeGreaterThan(budget);
      }),
    );
  });
});
