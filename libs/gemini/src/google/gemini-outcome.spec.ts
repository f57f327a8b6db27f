import { outcomeOf } from './gemini-outcome.js';

describe('an end in the words of Gemini', () => {
  it.each([
    ['SAFETY', null, 'prompt_blocked'],
    ['A_NEW_BLOCK_REASON', 'STOP', 'prompt_blocked'],
    [null, null, 'cut'],
    [null, 'SAFETY', 'withheld'],
    [null, 'RECITATION', 'withheld'],
    [null, 'MAX_TOKENS', 'truncated'],
    [null, 'A_NEW_REASON', 'truncated'],
    [null, 'STOP', 'complete'],
  ])('with the block reason %s and the finish reason %s is %s', (blockReason, finishReason, outcome) => {
    expect(outcomeOf(blockReason, finishReason)).toBe(outcome);
  });
});
