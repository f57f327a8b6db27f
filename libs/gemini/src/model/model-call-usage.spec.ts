import { ModelCallUsage } from './model-call-usage.js';

const told = { promptTokens: 9, cachedTokens: 4, thoughtTokens: 3, replyTokens: 2, searches: 1 };

describe('what a call has used', () => {
  it('is an estimate of the request and of what arrived, until the vendor tells', () => {
    const call = new ModelCallUsage('m', 10);
    call.take({ thought: '', text: 'abc', usage: null });
    call.take({ thought: '', text: 'def', usage: null });
    expect(call.isEstimate).toBe(true);
    expect(call.tokens).toEqual({ promptTokens: 10, cachedTokens: 0, thoughtTokens: 0, replyTokens: 2, searches: 0 });
  });

  it('is what the vendor told last', () => {
    const call = new ModelCallUsage('m', 10);
    call.take({ thought: '', text: '', usage: { ...told, replyTokens: 1 } });
    call.take({ thought: '', text: 'abc', usage: told });
    call.take({ thought: '', text: 'abc', usage: null });
    expect(call.isEstimate).toBe(false);
    expect(call.tokens).toEqual(told);
  });
});
