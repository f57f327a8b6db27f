import type { WrittenKind } from '@app/contracts';
import { toMessageResponse } from '../messages/message.response.js';
import type { ReplyRow } from '../messages/message.store.js';
import { doneEventId, eventId, type ReplyPosition } from './reply-position.js';
import { encodeEvent } from './stream-event.js';

/**
 * What the listeners of a reply are told in this process. `resync`: a signal may have been missed, so the stores have to be
 * read; `unreadable`: that has failed.
 */
export type Signal =
  | WrittenSignal
  | RowSignal
  | { readonly type: 'reset'; readonly attempt: number }
  | { readonly type: 'done' }
  | { readonly type: 'resync' }
  | { readonly type: 'unreadable'; readonly readAt: number };

/** Where in a position an offset of this kind stands. */
const OFFSET = { delta: 'offset', thought: 'thoughtOffset' } as const satisfies Record<
  WrittenKind,
  keyof ReplyPosition
>;

/** Of what an attempt has written, one kind: its text, or thoughts. A reader takes each kind by its own offset. */
export class WrittenSignal {
  /** Where it ends, in UTF-8 bytes. */
  readonly end: number;
  /** Its events. They differ by how much of the other kind a reader has, which is nearly always the same for all. */
  private readonly frames = new Map<number, Buffer>();

  /** @param offset where it begins, in UTF-8 bytes */
  constructor(
    private readonly replyId: string,
    readonly type: WrittenKind,
    readonly attempt: number,
    readonly offset: number,
    readonly text: string,
  ) {
    this.end = offset + Buffer.byteLength(text);
  }

  /** How much of this kind a reader has. */
  readBy(position: ReplyPosition): number {
    return position[OFFSET[this.type]];
  }

  /** Where a reader is that takes this at a position of the same attempt. */
  endFrom(position: ReplyPosition): ReplyPosition {
    return { ...position, [OFFSET[this.type]]: this.end };
  }

  /** Its event for a reader at a position, encoded once for all readers that have as much of the other kind. */
  frameFrom(position: ReplyPosition): Buffer {
    const { type, text } = this;
    const other = position[OFFSET[type === 'delta' ? 'thought' : 'delta']];
    const known = this.frames.get(other);
    if (known !== undefined) return known;
    const id = eventId(this.replyId, this.endFrom(position));
    const frame = encodeEvent({ event: type, id, data: { text } });
    this.frames.set(other, frame);
    return frame;
  }

  /** The part of it that a reader has not; null when its position lies before this, behind it, or within a character. */
  unreadFrom(position: ReplyPosition): WrittenSignal | null {
    const { replyId, type, attempt, offset, end, text } = this;
    const read = this.readBy(position);
    if (read === offset) return this;
    if (read < offset || read > end) return null;
    const unread = read === end ? NOTHING : Buffer.from(text).subarray(read - offset);
    return splitsCharacter(unread) ? null : new WrittenSignal(replyId, type, attempt, read, unread.toString());
  }
}

const NOTHING = Buffer.alloc(0);

/** The reply's row. */
export class RowSignal {
  readonly type = 'row';
  private whole: WrittenSignal[] | null = null;
  private sources: Buffer | null = null;
  private encoded: Buffer | null = null;

  /**
   * @param row null: the reply was deleted
   * @param readAt the number of the feed's end when the reading began
   */
  constructor(
    readonly row: ReplyRow | null,
    readonly readAt: number,
  ) {}

  /** Of a finished reply: all that was written, in the order in which readers get what they lack of it. */
  written({ id, attempt, content, thoughts }: ReplyRow): readonly WrittenSignal[] {
    return (this.whole ??= [
      new WrittenSignal(id, 'thought', attempt, 0, thoughts ?? ''),
      new WrittenSignal(id, 'delta', attempt, 0, content),
    ]);
  }

  /** Of a finished reply that has them: the event of its sources, for readers at its end. */
  sourcesFrame(row: ReplyRow, end: ReplyPosition): Buffer {
    if (this.sources !== null) return this.sources;
    const { sources, searchQueries } = toMessageResponse(row);
    return (this.sources = encodeEvent({
      event: 'sources',
      id: eventId(row.id, end),
      data: { sources, searchQueries },
    }));
  }

  /** Of a finished reply: the event that ends its streams, encoded once for all readers. */
  doneFrame(row: ReplyRow): Buffer {
    return (this.encoded ??= encodeEvent({ event: 'done', id: doneEventId(row.id), data: toMessageResponse(row) }));
  }
}

/** Whether the bytes begin inside a UTF-8 character: then the position before them is none of ours. */
export const splitsCharacter = (text: Buffer): boolean => text[0] !== undefined && (text[0] & 0xc0) === 0x80;
