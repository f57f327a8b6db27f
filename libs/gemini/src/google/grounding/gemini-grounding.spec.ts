import fc from 'fast-check';
import type { ReplyLogWriter } from '@app/chatroom';
import type { ClaimedReply } from '../../claims/reply-claim-sql.js';
import { LeasedReply } from '../../replies/leased-reply.js';
import { GeminiGrounding, type GroundingMetadata } from './gemini-grounding.js';

const FLASH = { model: 'gemini-flash-latest', search: true };

/** What is made of one response with this text. */
function told(text: string, metadata: GroundingMetadata, call = FLASH): GeminiGrounding {
  const grounding = new GeminiGrounding(call);
  grounding.take(text, metadata);
  return grounding;
}

const page = (uri: string, title?: string) => ({ web: { uri, ...(title === undefined ? {} : { title }) } });
const ONE = page('https://one.example/page', 'one.example');
const TWO = page('https://two.example/page', 'two.example');

const bytes = (text: string): number => Buffer.byteLength(text);

/** A support of the first chunk by the bytes of a part of the text, which is told along unless it is not to be. */
const support = (text: string, start: number, end: number, indices = [0], tells = true) => ({
  segment: {
    startIndex: bytes(text.slice(0, start)),
    endIndex: bytes(text.slice(0, end)),
    ...(tells ? { text: text.slice(start, end) } : {}),
  },
  groundingChunkIndices: indices,
});

const rangesOf = (text: string, supports: GroundingMetadata['groundingSupports'], chunks = [ONE]) =>
  told(text, { groundingChunks: chunks, groundingSupports: supports ?? [] }).grounding?.sources[0]?.ranges;

describe('what an answer is founded on', () => {
  const text = 'Grüße 👋🏽, 世界! And so on.';

  it('is nothing where nothing was searched for', () => {
    expect(told(text, {}).grounding).toBeNull();
    const without = new GeminiGrounding(FLASH);
    without.take(text, undefined);
    expect([without.grounding, without.searches]).toEqual([null, 0]);
  });

  it('is nothing where no search was asked for', () => {
    const grounding = told(text, { webSearchQueries: ['q'], groundingChunks: [ONE] }, { ...FLASH, search: false });
    expect([grounding.grounding, grounding.searches]).toEqual([null, 0]);
  });

  it('is sources with ranges of the text in UTF-16, and queries', () => {
    const world = text.indexOf('世界');
    const supports = [support(text, 0, 6), support(text, world, world + 2, [0, 1])];
    expect(
      told(text, { webSearchQueries: ['world'], groundingChunks: [ONE, TWO], groundingSupports: supports }).grounding,
    ).toEqual({
      sources: [
        {
          title: 'one.example',
          uri: 'https://one.example/page',
          ranges: [
            { start: 0, end: 6 },
            { start: world, end: world + 2 },
          ],
        },
        { title: 'two.example', uri: 'https://two.example/page', ranges: [{ start: world, end: world + 2 }] },
      ],
      searchQueries: ['world'],
    });
  });

  it('has ranges in order, those that overlap or touch as one', () => {
    const line = '0123456789';
    const supports = [support(line, 7, 9), support(line, 0, 2), support(line, 2, 4), support(line, 8, 10)];
    expect(rangesOf(line, supports)).toEqual([
      { start: 0, end: 4 },
      { start: 7, end: 10 },
    ]);
  });

  it('takes the text of a segment from where it is nearest to its bytes', () => {
    const twice = 'yes, no, yes, no, yes';
    expect(
      rangesOf(twice, [{ segment: { startIndex: 8, endIndex: 11, text: 'yes' }, groundingChunkIndices: [0] }]),
    ).toEqual([{ start: 9, end: 12 }]);
    expect(rangesOf(twice, [{ segment: { endIndex: 3, text: 'maybe' }, groundingChunkIndices: [0] }])).toEqual([]);
  });

  it('goes by the bytes alone where no text is told, within the text and never inside a character', () => {
    expect(rangesOf('a👋b', [{ segment: { startIndex: 2, endIndex: 3 }, groundingChunkIndices: [0] }])).toEqual([
      { start: 1, end: 3 },
    ]);
    expect(rangesOf('ab', [{ segment: { startIndex: 1, endIndex: 99 }, groundingChunkIndices: [0] }])).toEqual([
      { start: 1, end: 2 },
    ]);
    const nowhere = [
      { startIndex: 9, endIndex: 12 },
      { startIndex: 1, endIndex: 1 },
      { startIndex: 2, endIndex: 1 },
      {},
    ];
    for (const segment of nowhere) expect(rangesOf('ab', [{ segment, groundingChunkIndices: [0] }])).toEqual([]);
  });

  it('counts no NUL, which is not stored', () => {
    expect(rangesOf('a\0b\0\0c', [support('a\0b\0\0c', 2, 6)])).toEqual([{ start: 1, end: 3 }]);
    expect(rangesOf('a\0b', [support('a\0b', 1, 2)])).toEqual([]);
  });

  it('does not cut a character whose halves came with NUL between them', () => {
    const halves = 'a\ud83d\0\udc4bb';
    expect(rangesOf(halves, [{ segment: { endIndex: 4 }, groundingChunkIndices: [0] }])).toEqual([
      { start: 0, end: 3 },
    ]);
    expect(rangesOf(halves, [{ segment: { startIndex: 5, endIndex: 9 }, groundingChunkIndices: [0] }])).toEqual([
      { start: 1, end: 4 },
    ]);
  });

  it('keeps only pages of the web, and what is said of the others is said of none', () => {
    const uris = [
      'javascript:alert(1)',
      'ftp://x.example/',
      'data:text/html,x',
      'nothing',
      '',
      `https://x/${'x'.repeat(9_000)}`,
    ];
    const chunks = [...uris.map((uri) => page(uri, 'bad')), {}, { web: {} }, ONE];
    const line = 'abc';
    const supports = [support(line, 0, 1, [0, 1, 2, 3, 4, 5, 6, 7]), support(line, 1, 2, [8, 9, -1])];
    expect(told(line, { groundingChunks: chunks, groundingSupports: supports }).grounding?.sources).toEqual([
      { title: 'one.example', uri: 'https://one.example/page', ranges: [{ start: 1, end: 2 }] },
    ]);
  });

  it('has a page once that came twice, with the ranges of both', () => {
    const chunks = [page('https://one.example/page'), TWO, page('https://one.example/page', 'One')];
    const supports = [support('abc', 0, 1, [0]), support('abc', 2, 3, [2])];
    expect(told('abc', { groundingChunks: chunks, groundingSupports: supports }).grounding?.sources).toEqual([
      {
        title: 'One',
        uri: 'https://one.example/page',
        ranges: [
          { start: 0, end: 1 },
          { start: 2, end: 3 },
        ],
      },
      { title: 'two.example', uri: 'https://two.example/page', ranges: [] },
    ]);
  });

  it('is bounded, and holds nothing that cannot be stored', () => {
    const line = 'a '.repeat(300);
    const supports = Array.from({ length: 300 }, (_, i) => support(line, 2 * i, 2 * i + 1));
    const chunks = Array.from({ length: 150 }, (_, i) =>
      page(`https://x.example/\0${i}`, `\0\ud83d${'👋'.repeat(300)}`),
    );
    const webSearchQueries = Array.from({ length: 30 }, (_, i) => `\0${i} ${'é'.repeat(600)}`);
    const { sources = [], searchQueries = [] } =
      told(line, { groundingChunks: chunks, groundingSupports: supports, webSearchQueries }).grounding ?? {};
    expect([sources.length, sources[0]?.ranges.length, searchQueries.length]).toEqual([100, 100, 20]);
    expect([[...(sources[0]?.title ?? '')].length, [...(searchQueries[0] ?? '')].length]).toEqual([200, 500]);
    const all = JSON.stringify({ sources, searchQueries });
    expect(all).not.toContain('\\u0000');
    expect(all).not.toMatch(/\\ud[89a-f]/);
  });

  it('is called by its host where it has no title', () => {
    expect(told('a', { groundingChunks: [page('https://x.example/y')] }).grounding?.sources[0]?.title).toBe(
      'x.example',
    );
  });

  it('may come in several responses: the newest lists hold, for the whole text', () => {
    const grounding = new GeminiGrounding(FLASH);
    grounding.take('Grüße', { webSearchQueries: ['first'], groundingChunks: [ONE] });
    grounding.take(' 世界', { groundingSupports: [support('Grüße 世界', 6, 8)] });
    grounding.take('!', { webSearchQueries: ['first', 'second'], groundingChunks: [ONE, TWO] });
    grounding.take('', {});
    expect(grounding.grounding).toMatchObject({
      sources: [
        { title: 'one.example', ranges: [{ start: 6, end: 8 }] },
        { title: 'two.example', ranges: [] },
      ],
      searchQueries: ['first', 'second'],
    });
    // What was said of other pages is not said of these.
    grounding.take('', { groundingChunks: [TWO] });
    expect(grounding.grounding?.sources).toMatchObject([{ title: 'two.example', ranges: [] }]);
  });

  it('is nothing but what it should be, whatever comes', () => {
    const odd = [null, 7, 'text', [null], [[]], [{ web: null }], [{ segment: null }], [7]];
    for (const value of odd) {
      const metadata = { webSearchQueries: value, groundingChunks: value, groundingSupports: value };
      expect(told('abc', metadata as unknown as GroundingMetadata).grounding?.sources ?? []).toEqual([]);
    }
    const indices = { segment: { endIndex: 1 }, groundingChunkIndices: ['length', null, 0] };
    expect(rangesOf('abc', [indices as never])).toEqual([{ start: 0, end: 1 }]);
  });
});

describe('searches', () => {
  const queries = { webSearchQueries: ['one', ' one', 'two', '', ' '] };

  it.each([
    ['gemini-flash-latest', queries, 2],
    ['gemini-3-pro-preview', queries, 2],
    ['gemini-3-pro-preview', { groundingChunks: [ONE] }, 0],
    ['gemini-2.5-flash', queries, 1],
    ['gemini-2.0-flash', { groundingChunks: [ONE] }, 1],
    ['gemini-2.5-flash', { webSearchQueries: [''] }, 0],
  ])('of %s are counted as they are billed', (model, metadata, searches) => {
    expect(told('a', metadata, { model, search: true }).searches).toBe(searches);
  });
});

/** Text that a reader may get: with characters of all lengths, of several code points, with NUL, and with halves of some. */
const anyText = fc.array(
  fc.oneof(
    fc.constantFrom('a', ' ', 'é', 'e\u0301', '世', '👋🏽', '👩‍👩‍👧', '\0', '\ud83d', '\udc4b', '\ud83d\0\udc4b', '\ufffd'),
    fc.string({ unit: 'binary', maxLength: 5 }),
  ),
  { maxLength: 30 },
);

/** The text of a reply to which the model sent this. */
function stored(pieces: string[]): string {
  const log = { append: () => undefined, flushed: () => Promise.resolve() } as unknown as ReplyLogWriter;
  const reply = new LeasedReply({ deadlineInMs: 1_000, waitedMs: 0 } as ClaimedReply, log);
  reply.endDeadline();
  for (const piece of pieces) reply.append(piece);
  return reply.text;
}

const segmentOf = (startIndex?: number, endIndex?: number, text?: string) => ({
  ...(startIndex === undefined ? {} : { startIndex }),
  ...(endIndex === undefined ? {} : { endIndex }),
  ...(text === undefined ? {} : { text }),
});

const shown = (text: string): string => text.replaceAll('\0', '').toWellFormed();

describe('ranges', () => {
  it('cut the parts that the vendor means out of the text that is stored, wherever they are', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), fc.nat(), fc.boolean(), (pieces, from, length, tells) => {
        // Google sends whole characters only, of which a response may have any number.
        const sent = pieces.join('').toWellFormed();
        const characters = [...sent];
        const start = characters.length === 0 ? 0 : from % characters.length;
        const part = characters.slice(start, start + 1 + (length % 5)).join('');
        const before = characters.slice(0, start).join('');
        const segment = {
          startIndex: bytes(before),
          endIndex: bytes(before) + bytes(part),
          ...(tells ? { text: part } : {}),
        };
        const grounding = new GeminiGrounding(FLASH);
        for (const piece of characters) grounding.take(piece, undefined);
        grounding.take('', { groundingChunks: [ONE], groundingSupports: [{ segment, groundingChunkIndices: [0] }] });
        const content = stored(characters);
        const start16 = shown(before).length;
        const wanted = { start: start16, end: start16 + shown(part).length };
        expect(grounding.grounding?.sources[0]?.ranges).toEqual(shown(part) === '' ? [] : [wanted]);
        expect(content.slice(wanted.start, wanted.end)).toBe(shown(part));
      }),
      { numRuns: 1_000 },
    );
  });

  it('are within the text that is stored, in order, apart and never inside a character, whatever is told', () => {
    const offset = fc.option(fc.integer({ min: -5, max: 200 }), { nil: undefined });
    const supports = fc.array(
      fc.record({
        start: offset,
        end: offset,
        text: fc.option(fc.constantFrom('a', 'é', '👋🏽', '\0'), { nil: undefined }),
      }),
    );
    fc.assert(
      fc.property(anyText, supports, (pieces, given) => {
        const grounding = new GeminiGrounding(FLASH);
        for (const piece of pieces) grounding.take(piece, undefined);
        const groundingSupports = given.map(({ start, end, text }) => ({
          segment: segmentOf(start, end, text),
          groundingChunkIndices: [0],
        }));
        grounding.take('', { groundingChunks: [ONE], groundingSupports });
        const content = stored(pieces);
        let last = -1;
        for (const { start, end } of grounding.grounding?.sources[0]?.ranges ?? []) {
          expect(start).toBeGreaterThan(last);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(content.length);
          expect(content.slice(start, end).isWellFormed()).toBe(true);
          last = end;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
