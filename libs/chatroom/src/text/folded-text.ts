/** Marks that combine with the character before them; the half-width voice marks become such. */
const MARK = String.raw`[\p{M}\uff9e\uff9f]`;

/** Ordering a long run of marks takes time that grows with its square. A run is split where Unicode's Stream-Safe Text Format does. */
const LONG_RUN = new RegExp(`${MARK}{30}`, 'gu');
const COMBINING_GRAPHEME_JOINER = '\u034f';

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/**
 * A text as it is compared: NFKC, without case. By Unicode's rules and not by a database's locale: `ß` is `ss`, all forms of sigma
 * are one, and so are the Turkish letters i with and without their dot.
 */
export function foldedText(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return text
    .replace(LONG_RUN, `$&${COMBINING_GRAPHEME_JOINER}`)
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC') // Changing the case takes some letters apart.
    .replaceAll('ß', 'ss')
    .replaceAll('ς', 'σ')
    .replaceAll('i\u0307', 'i');
}

/** What is folded by itself: a character with the marks and the parts of Hangul syllables that belong to it. */
const CHARACTER = String.raw`[^][\p{M}\uff9e\uff9f\u1160-\u11ff]*`;
const CHARACTERS = new RegExp(CHARACTER, 'gu');
const PIECES = new RegExp(`(?:${CHARACTER}){1,64}`, 'gu');

/**
 * Where the character that is at a place of the folded text begins in the text itself.
 *
 * @param at a place in `foldedText(text)`
 */
export function placeInText(text: string, at: number): number {
  if (isAscii(text)) return at;
  const piece = placeAmong(text.matchAll(PIECES), { text: 0, folded: 0 }, at);
  return placeAmong(text.slice(piece.text).matchAll(CHARACTERS), piece, at).text;
}

/** Goes on from a place, by parts of the text that follow it, to the part that holds a place of the folded text. */
function placeAmong(
  parts: Iterable<RegExpMatchArray>,
  from: { text: number; folded: number },
  at: number,
): { text: number; folded: number } {
  let { text, folded } = from;
  for (const [part] of parts) {
    const length = foldedText(part).length;
    if (folded + length > at) break;
    text += part.length;
    folded += length;
  }
  return { text, folded };
}
