import 'reflect-metadata';
import { type FinalReply, isRefunded } from './reply.store.js';

type Code = NonNullable<FinalReply['error']>['code'];

const ended = (status: FinalReply['status'], content: string, code: Code | null): FinalReply => ({
  ...{ status, content, model: null, finishReason: null, usage: null },
  error: code === null ? null : { code, detail: 'Why' },
});

/** How a reply can end, and whether its message is refunded with text and without. */
const LAW: [status: FinalReply['status'], code: Code | null, withText: boolean, withoutText: boolean][] = [
  ['completed', null, false, true],
  ['cancelled', null, false, true],
  ['blocked', 'prompt_blocked', false, true],
  ['blocked', 'reply_blocked', false, true],
  ['failed', 'reply_truncated', false, true],
  ['failed', 'reply_empty', false, true],
  ['failed', 'timed_out', false, true],
  ['failed', 'model_rejected_request', false, true],
  ['failed', 'model_not_available', false, true],
  ['failed', 'model_unavailable', true, true],
  ['failed', 'model_rate_limited', true, true],
  ['failed', 'model_misconfigured', true, true],
];

describe('a message is refunded when its reader got no text, and when the vendor or the operator was at fault', () => {
  it.each(LAW)('%s %s: with text %s, without %s', (status, code, withText, withoutText) => {
    expect(isRefunded(ended(status, 'Half an ans', code))).toBe(withText);
    for (const blank of ['', ' ', '\n\t', '\u00a0\u2003\ufeff']) {
      expect(isRefunded(ended(status, blank, code))).toBe(withoutText);
    }
  });
});
