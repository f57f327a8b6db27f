import fc from 'fast-check';
import { foldedText, placeInText } from './folded-text.js';

describe('foldedText', () => {
  it('is the same for a text in any case and any normal form', () => {
    // What has no other case and form is not changed by either.
    const exceptions: string[][] = [];
    for (let code = 0; code < 0x1_ffff; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const text = String.fromCodePoint(code);
      const folded = foldedText(text);
      const others = [text.toUpperCase(), text.toLowerCase(), text.normalize('NFD'), text.normalize('NFKC')];
      const different = others.filter((other) => foldedText(other) !== folded);
      if (different.length > 0) exceptions.push([code.toString(16), folded, ...different.map(foldedText)]);
    }
    expect(exceptions).toEqual([]);
  });

  it('takes a time that grows no faster than the text', () => {
    const begun = performance.now();
    foldedText(`e${'\u0301\u0323'.repeat(100_000)}`);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe('placeInText', () => {
  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          'a',
          'é',
          'e\u0301',
          'ﬁ',
          '天',
          '🎉',
          '👩‍👧',
          'ガ',
          'ｶﾞ',
          '각',
          '\u1100\u1161\u11a8',
          '½',
          'İ',
          'ß',
          ' ',
          '\ufdfa',
        ),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
      { maxLength: 200 },
    )
    .map((parts) => parts.join('').toWellFormed());

  it('leads to a character from which on the folded text is that from the place on', () => {
    fc.assert(
      fc.property(text, fc.nat(), (content, seed) => {
        const folded = foldedText(content);
        fc.pre(folded !== '');
        const at = seed % folded.length;
        const place = placeInText(content, at);
        const before = foldedText(content.slice(0, place)).length;
        expect(before).toBeLessThanOrEqual(at);
        expect(folded.slice(before)).toBe(foldedText(content.slice(place)));
        // It is that very character, with its marks, and none before it.
        const [character = ''] = /^[^][\p{M}\uff9e\uff9f\u1160-\u11ff]*/u.exec(content.slice(place)) ?? [];
        expect(foldedText(content.slice(0, place + character.length)).length).toBeGreaterThan(at);
      }),
      { numRuns: 500 },
    );
  });
});
