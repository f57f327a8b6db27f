import fc from 'fast-check';
import { excerpt, tidyTitle } from './title.js';

describe('a title', () => {
  it.each([
    ['"Why the sky is blue."', 'Why the sky is blue'],
    ['**Blue skies**\nand more', 'Blue skies'],
    ['   ', ''],
    ['word '.repeat(30), `${'word '.repeat(12).trim()}…`],
    ['\0Blue\0 skies\0', 'Blue skies'],
    ['\ud83dBlue', '\ufffdBlue'],
    [`${'界'.repeat(59)}😀界`, `${'界'.repeat(59)}…`],
    [`${'界'.repeat(58)}👩‍👩‍👧界`, `${'界'.repeat(58)}…`],
  ])('%j reads %j', (text, title) => expect(tidyTitle(text)).toBe(title));
});

describe('an excerpt', () => {
  it('is cut between two characters', () => {
    expect(excerpt(`${'a'.repeat(999)}😀 tail`, 1_000)).toBe('a'.repeat(999));
    expect(excerpt(`${'a'.repeat(998)}😀 tail`, 1_000)).toBe(`${'a'.repeat(998)}😀`);
    expect(excerpt('Grüße e\u0301!', 7)).toBe('Grüße ');
  });

  it('is well-formed, of no more than the length, and the longest such beginning', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', 'e\u0301', '😀', '👩‍👩‍👧', '\ud83d', '\r\n', '界') });
    const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
    fc.assert(
      fc.property(text, fc.integer({ min: 12, max: 60 }), (whole, maxLength) => {
        const cut = excerpt(whole, maxLength);
        expect(cut.isWellFormed()).toBe(true);
        let expected = '';
        for (const { segment } of segmenter.segment(whole.toWellFormed())) {
          if (expected.length + segment.length > maxLength) break;
          expected += segment;
        }
        expect(cut).toBe(expected);
      }),
    );
  });

  it('has half of a character that is longer than all of it, but no half of a surrogate pair', () => {
    expect(excerpt(`👩‍👩‍👧`, 4)).toBe('👩\u200d');
    expect(excerpt('😀', 1)).toBe('');
  });
});
