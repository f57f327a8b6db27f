import { type ModelEnd, ModelError, type ModelFailure } from '../model/language-model.port.js';
import { backoffMs, judgeEnd, judgeError } from './reply-outcome.js';

const USAGE = { promptTokens: 5, cachedTokens: 2, thoughtTokens: 3, replyTokens: 7, searches: 0 };

const wrote = (text: string, thoughts = '') => ({ text, thoughts });

const end = (known: Partial<ModelEnd>): ModelEnd => ({
  outcome: 'complete',
  finishReason: null,
  modelVersion: 'gemini-test-001',
  usage: { promptTokens: 5, cachedTokens: 0, thoughtTokens: 0, replyTokens: 7, searches: 0 },
  grounding: null,
  ...known,
});

describe('an answer that came to an end', () => {
  it('is a completed reply only with a text', () => {
    expect(judgeEnd(wrote('Yes.'), end({ finishReason: 'STOP' }))).toEqual({
      type: 'final',
      final: {
        status: 'completed',
        content: 'Yes.',
        thoughts: null,
        model: 'gemini-test-001',
        finishReason: 'STOP',
        usage: { promptTokens: 5, cachedTokens: 0, thoughtTokens: 0, replyTokens: 7, searches: 0 },
        grounding: null,
        error: null,
      },
    });
  });

  it.each([
    ['a blocked prompt', '', { outcome: 'prompt_blocked' }, 'blocked', 'prompt_blocked'],
    ['a withheld answer', 'Some', { outcome: 'withheld' }, 'blocked', 'reply_blocked'],
    ['a truncated answer', 'Some', { outcome: 'truncated' }, 'failed', 'reply_truncated'],
    ['a truncated answer without a text', '', { outcome: 'truncated' }, 'failed', 'reply_empty'],
    ['a complete answer without a text', ' \n', { outcome: 'complete' }, 'failed', 'reply_empty'],
  ] satisfies [string, string, Partial<ModelEnd>, string, string][])(
    'after %s is none, and keeps its text and thoughts',
    (_name, text, known, status, code) => {
      expect(judgeEnd(wrote(text, 'Well.'), end(known))).toMatchObject({
        type: 'final',
        final: { status, content: text, thoughts: 'Well.', error: { code } },
      });
    },
  );

  it('keeps what it is founded on, however it ended', () => {
    const grounding = { sources: [], searchQueries: ['sky'] };
    for (const outcome of ['complete', 'truncated', 'withheld'] as const)
      expect(judgeEnd(wrote('Some'), end({ outcome, grounding }))).toMatchObject({ final: { grounding } });
  });

  it('that broke off without a reason is worth another attempt', () => {
    expect(judgeEnd(wrote('Half'), end({ outcome: 'cut' }))).toEqual({
      type: 'retry',
      failure: 'reply_truncated',
      retryAfterMs: null,
    });
    expect(judgeEnd(wrote('', 'Well.'), end({ outcome: 'cut' }))).toEqual({
      type: 'retry',
      failure: 'model_unavailable',
      retryAfterMs: null,
    });
  });
});

describe('a failed call', () => {
  const judge = (failure: ModelFailure) =>
    judgeError({ ...wrote('Half', 'Well.'), usage: USAGE }, new ModelError(failure, 'no', 3_000), false);

  it('ends the reply when it can never succeed', () => {
    expect(judge('rejected')).toMatchObject({ type: 'final', final: { error: { code: 'model_rejected_request' } } });
    expect(judge('misconfigured')).toMatchObject({ type: 'final', final: { error: { code: 'model_misconfigured' } } });
  });

  it('keeps what was written and used', () => {
    expect(judge('rejected')).toMatchObject({ final: { content: 'Half', thoughts: 'Well.', usage: USAGE } });
  });

  it.each([
    [true, 'model_not_available'],
    [false, 'model_misconfigured'],
  ])('for want of the model is, where the room chose it (%s), %s', (ownModel, code) => {
    const error = new ModelError('unknown_model', 'no');
    expect(judgeError({ ...wrote(''), usage: null }, error, ownModel)).toMatchObject({
      type: 'final',
      final: { status: 'failed', error: { code } },
    });
  });

  it('is tried again when it may, and pauses all replies when the project is over its rate', () => {
    expect(judge('unavailable')).toEqual({ type: 'retry', failure: 'reply_truncated', retryAfterMs: 3_000 });
    expect(judge('rate_limited')).toEqual({ type: 'pause', retryAfterMs: 3_000 });
  });
});

describe('the pause before another attempt', () => {
  it('doubles, is spread by up to a half, has a bound, and is never shorter than the vendor asked', () => {
    const atLeast = (failures: number, retryAfter: number | null) => backoffMs(500, failures, retryAfter, () => 0);
    expect([1, 2, 3, 4, 20].map((failures) => atLeast(failures, null))).toEqual([500, 1_000, 2_000, 4_000, 30_000]);
    expect(backoffMs(500, 1, null, () => 1)).toBe(750);
    expect(atLeast(1, 7_000)).toBe(7_000);
    expect([atLeast(1, 50_000), atLeast(20, 50_000)]).toEqual([50_000, 50_000]);
  });
});
