import type { Grounding } from '@app/chatroom';

/** A part of a text, in UTF-16 code units. */
export type TextRange = Grounding['sources'][number]['ranges'][number];

/**
 * A part of an answer, by its bytes in UTF-8. The vendor documents offsets within a part of the answer; those of a streamed one count
 * from the beginning of the whole text, whose pieces arrive as parts.
 */
export interface Segment {
  /** Left out where it is zero. */
  startIndex?: number;
  /** Exclusive. */
  endIndex?: number;
  text?: string;
}

/**
 * Where parts of an answer, which the vendor tells in bytes of what it has sent, are in the text as it is stored: in UTF-16 code
 * units, without NUL, and with U+FFFD for halves of characters (`LeasedReply.append`).
 */
export class StoredOffsets {
  private readonly stored: string;
  private readonly bytes: Buffer;
  /** For each byte, and the end: where the character that it is a part of begins in the stored text. */
  private readonly beginnings: Uint32Array;

  /** @param sent the whole visible text as it was sent */
  constructor(sent: string) {
    const text = sent.toWellFormed();
    // Half a character at the end is never stored.
    this.stored = sent
      .replaceAll('\u0000', '')
      .replace(/[\ud800-\udbff]$/, '')
      .toWellFormed();
    this.bytes = Buffer.from(text);
    this.beginnings = beginningsIn(text, this.bytes.length);
  }

  /** The range of a segment; null: it is not in the text, or nothing of it is stored. */
  rangeOf(segment: Segment): TextRange | null {
    const found = this.find(segment);
    if (found === null) return null;
    const { stored } = this;
    let start = this.beginnings[found.start] ?? 0;
    let end = Math.min(this.beginnings[this.characterEnd(found.end)] ?? 0, stored.length);
    // Halves with NUL between them are one character once they are stored.
    if (isInside(stored, start)) start--;
    if (isInside(stored, end)) end++;
    return start < end ? { start, end } : null;
  }

  /** The bytes of a segment: those that it names where its text is there, else its text where it is nearest to them. */
  private find({ startIndex, endIndex, text }: Segment): { start: number; end: number } | null {
    const start = this.within(startIndex ?? 0);
    if (typeof text !== 'string' || text === '') return { start, end: this.within(endIndex ?? 0) };
    const wanted = Buffer.from(text.toWellFormed());
    const place = this.nearest(wanted, start);
    return place === null ? null : { start: place, end: place + wanted.length };
  }

  private nearest(wanted: Buffer, start: number): number | null {
    if (this.bytes.subarray(start, start + wanted.length).equals(wanted)) return start;
    const before = this.bytes.lastIndexOf(wanted, start);
    const after = this.bytes.indexOf(wanted, start);
    if (before < 0 || after < 0) return before < 0 && after < 0 ? null : Math.max(before, after);
    return start - before <= after - start ? before : after;
  }

  /** A vendor's number as an offset in the text. */
  private within(offset: unknown): number {
    if (typeof offset !== 'number' || Number.isNaN(offset)) return 0;
    return Math.min(Math.max(Math.trunc(offset), 0), this.bytes.length);
  }

  /** The offset itself, or the end of the character that it is inside of. */
  private characterEnd(offset: number): number {
    let end = offset;
    while (isContinuation(this.bytes[end])) end++;
    return end;
  }
}

/** Whether a byte is one of a character in UTF-8, but not its first. */
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Whether an offset is between the two halves of a character. */
const isInside = (text: string, offset: number): boolean =>
  offset > 0 && (text.codePointAt(offset - 1) ?? 0) > 0xffff && offset < text.length;

/** {@link StoredOffsets.beginnings}, without NUL. */
function beginningsIn(text: string, bytes: number): Uint32Array {
  const beginnings = new Uint32Array(bytes + 1);
  let byte = 0;
  let unit = 0;
  for (const character of text) {
    const size = sizeOf(character.codePointAt(0) ?? 0);
    beginnings.fill(unit, byte, byte + size);
    byte += size;
    if (character !== '\u0000') unit += character.length;
  }
  beginnings[bytes] = unit;
  return beginnings;
}

/** The bytes of a character in UTF-8. */
const sizeOf = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x1_0000 ? 3 : 4;
