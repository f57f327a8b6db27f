import { foldedText } from '../text/folded-text.js';

/** The words of a query as they are compared; the longest first, since it is the rarest. One that another contains says nothing. */
export function searchWords(q: string): string[] {
  const words = [...new Set(foldedText(q).split(/\s+/))].filter((word) => word !== '');
  return words
    .filter((word) => !words.some((other) => other !== word && other.includes(word)))
    .sort((one, other) => other.length - one.length);
}

/**
 * Finds words in a text.
 *
 * @param words as {@link searchWords} gives them
 * @returns where the first of them begins, and its length, in the folded text; null unless all are in it
 */
export function findWords(text: string, words: readonly string[]): { at: number; length: number } | null {
  const folded = foldedText(text);
  let first: { at: number; length: number } | null = null;
  for (const word of words) {
    const at = folded.indexOf(word);
    if (at === -1) return null;
    if (first === null || at < first.at) first = { at, length: word.length };
  }
  return first;
}
