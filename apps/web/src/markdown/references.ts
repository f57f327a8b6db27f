import { type ComponentChild, h } from 'preact';

/** What a text refers to. */
export interface Referenced {
  title: string;
  uri: string;
  /** What of the text rests on it, in UTF-16 code units of the text in Markdown. */
  ranges: readonly { start: number; end: number }[];
}

/**
 * A reference within a text in Markdown. Its brackets are punctuation, next to which marks as `**` open and close as they do next to
 * a full stop, and so rare that no text has them around a number.
 */
const REFERENCE = /⸢([\d,]+)⸣/;
const ALL_REFERENCES = new RegExp(REFERENCE, 'g');

/** The text with a reference at the end of each range, by the number of what it rests on, counted from 1. */
export function withReferences(text: string, referenced: readonly Referenced[]): string {
  const numbers = new Map<number, number[]>();
  referenced.forEach(({ ranges }, index) => {
    for (const { end } of ranges) {
      const place = placeOf(text, end);
      const at = numbers.get(place ?? -1) ?? [];
      if (place !== null && !at.includes(index + 1)) numbers.set(place, [...at, index + 1]);
    }
  });
  const ends = [...numbers].sort(([one], [other]) => one - other);
  let read = 0;
  const parts = ends.map(([end, at]) => {
    const part = text.slice(read, end);
    read = end;
    return `${part}⸢${at.join(',')}⸣`;
  });
  return parts.join('') + text.slice(read);
}

/** What begins lines, and lines that are marks alone: the first or last of a block of code, a rule, the second line of a table. */
const MARKS = /^[\s>]*(?:`{3}.*|~{3}.*|[-=*_+#|:\s]*)$/;

/** Where a reference changes no mark of Markdown. @returns null: nowhere near */
function placeOf(text: string, end: number): number | null {
  const before = text.slice(0, end).trimEnd();
  const line = before.slice(before.lastIndexOf('\n') + 1);
  if (end > text.length || MARKS.test(line)) return null;
  // Behind its last bar there is no cell of a table.
  return line.startsWith('|') && line.endsWith('|') ? before.length - 1 : before.length;
}

/** The same without them, for what is shown letter by letter or is an address. */
export const withoutReferences = (text: string): string => text.replace(ALL_REFERENCES, '');

/** Elements for a text: its references are small numbers, which are read aloud as those of sources. */
export function referencesIn(text: string): ComponentChild {
  const parts = text.split(REFERENCE);
  if (parts.length === 1) return text;
  return parts.map((part, index) => (index % 2 === 0 ? part : reference(part.replaceAll(',', ', '))));
}

/** The role of an image, since a superscript may have no name of its own. */
const reference = (numbers: string): ComponentChild =>
  h('sup', { class: 'reference', role: 'img', 'aria-label': `Source ${numbers}` }, numbers);
