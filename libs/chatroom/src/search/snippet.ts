import { placeInText } from '../text/folded-text.js';

/** UTF-16 units before the words, and in all unless a word is longer. */
const BEFORE = 60;
const LENGTH = 200;

/** How far a border moves to stand between two words. */
const MOVE = 20;

/** What is cut out to find the borders of characters: longer than what anybody sees as one character. */
const MARGIN = 100;

const characters = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * The part of a text around a word that was found, as it was written. It begins and ends between words, or at least between what
 * people see as characters.
 *
 * @param found where the word is in the folded text, and its length
 */
export function snippetOf(text: string, found: { at: number; length: number }): string {
  const begin = placeInText(text, found.at);
  const last = placeInText(text, found.at + found.length - 1);
  // The word's last character is within the snippet: the border after it is found from the next one on.
  const wordEnd = borderAfter(text, last + 1);
  const from = start(text, begin);
  return text.slice(from, end(text, Math.max(from + LENGTH, wordEnd), wordEnd)).trim();
}

/** Where the snippet begins: after white space near the place where it would be long enough, else between two characters. */
function start(text: string, word: number): number {
  if (word <= BEFORE) return 0;
  const place = word - BEFORE;
  const space = /\s/.exec(text.slice(place, place + MOVE));
  return space === null ? borderBefore(text, place) : place + space.index;
}

/** Where it ends, likewise, but not before the word does. */
function end(text: string, place: number, wordEnd: number): number {
  if (place >= text.length) return text.length;
  const from = Math.max(place - MOVE, wordEnd);
  const space = text.slice(from, place).search(/\s\S*$/);
  return space === -1 ? Math.max(borderBefore(text, place), wordEnd) : from + space;
}

/** The last border of characters up to a place. */
function borderBefore(text: string, place: number): number {
  const offset = Math.max(0, place - MARGIN);
  const segment = characters.segment(text.slice(offset, place + MARGIN)).containing(place - offset);
  return segment === undefined ? place : offset + segment.index;
}

/** The first border of characters from a place on. */
function borderAfter(text: string, place: number): number {
  if (place >= text.length) return text.length;
  const offset = Math.max(0, place - MARGIN);
  const segment = characters.segment(text.slice(offset, place + MARGIN)).containing(place - offset);
  if (segment === undefined) return place;
  const begins = offset + segment.index;
  return begins === place ? place : begins + segment.segment.length;
}
