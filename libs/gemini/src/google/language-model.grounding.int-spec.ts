import 'reflect-metadata';
import { GeminiSandbox } from '../../../../test/support/gemini-sandbox.js';
import { asking, geminiAt, hear } from '../../../../test/support/model/heard.js';
import { GEMINI_SDKS } from './gemini.config.js';

// Searches and what is found, over each SDK.

let sandbox: GeminiSandbox;
beforeAll(async () => {
  sandbox = await GeminiSandbox.start();
});
afterEach(() => sandbox.reset());
afterAll(() => sandbox.stop());

const TEXT = 'Grüße 👋🏽! 你好, all of you: e\u0301. And more.';

describe.each(GEMINI_SDKS)('a search over %s', (sdk) => {
  const search = (request: Parameters<typeof asking>[0] = {}) =>
    hear(geminiAt(sandbox.url, sdk), asking({ search: true, ...request }));

  it('is offered to the model where it is asked for, and not else', async () => {
    await search();
    await hear(geminiAt(sandbox.url, sdk));
    expect((await sandbox.requests()).map(({ search: may }) => may)).toEqual([true, false]);
  });

  it('brings sources with the parts of the text that they support, and queries, with the end', async () => {
    await sandbox.script({ type: 'answer', text: TEXT, searches: 2, chunkSize: 3 });
    const { text, end } = await search({ prompt: 'Greet me' });
    expect(text).toBe(TEXT);
    const first = 'Grüße 👋🏽!';
    expect(end).toMatchObject({ outcome: 'complete', grounding: { searchQueries: ['Greet me', 'Greet me 2'] } });
    expect(
      end?.grounding?.sources.map(({ ranges, ...source }) => ({
        ...source,
        parts: ranges.map((range) => text.slice(range.start, range.end)),
      })),
    ).toEqual([
      // What both say touches what the one says.
      { title: 'one.example', uri: 'https://one.example/page', parts: [TEXT] },
      { title: 'two.example', uri: 'https://two.example/page', parts: [TEXT.slice(first.length)] },
    ]);
  });

  it('is behind thoughts, which are no part of the text', async () => {
    await sandbox.script({ type: 'thoughts', text: 'Yes. No.', thoughts: 'Hm. 👋🏽 Hm.' });
    const { end } = await search();
    expect(end?.grounding?.sources[1]?.ranges).toEqual([{ start: 4, end: 8 }]);
  });

  it.each([
    ['gemini-flash-latest', 3, 3],
    ['gemini-2.5-flash', 3, 1],
    ['gemini-3-pro-preview', 0, 0],
  ])('of %s with %d queries is billed as %d, as the last piece tells', async (model, searches, billed) => {
    await sandbox.script({ type: 'answer', text: 'Yes.', searches });
    const { usages, end } = await search({ model });
    expect([usages.at(-1)?.searches, end?.usage?.searches]).toEqual([billed, billed]);
    expect(end?.grounding === null).toBe(searches === 0);
    expect((await sandbox.requests())[0]?.searches).toBe(searches);
  });

  it('is nothing in an answer to a call that asked for none', async () => {
    const { end } = await hear(geminiAt(sandbox.url, sdk));
    expect(end).toMatchObject({ grounding: null, usage: { searches: 0 } });
  });
});
