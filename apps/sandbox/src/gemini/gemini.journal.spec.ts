import { NO_CONVERSATION } from './gemini.call.js';
import { GeminiJournal } from './gemini.journal.js';

const call = { ...NO_CONVERSATION, method: 'generateContent' as const, model: 'm', apiKey: 'k' };

describe('GeminiJournal', () => {
  it('forgets the oldest calls beyond 20,000', () => {
    const journal = new GeminiJournal();
    for (let index = 0; index < 20_010; index++) journal.open(call, 'answer', null);
    const entries = journal.list({});
    expect(entries).toHaveLength(20_000);
    expect(entries[0]?.id).toBe(11);
  });

  it('forgets earlier where calls are long', () => {
    const journal = new GeminiJournal();
    const contents = [{ role: 'user', parts: [{ text: 'x'.repeat(10_000_000) }] }];
    for (let index = 0; index < 8; index++) journal.open({ ...call, contents }, 'answer', null);
    expect(journal.list({}).map(({ id }) => id)).toEqual([3, 4, 5, 6, 7, 8]);
  });
});
