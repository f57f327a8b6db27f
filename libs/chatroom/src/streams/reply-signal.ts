import { toMessageResponse } from '../messages/message.response.js';
import type { ReplyRow } from '../messages/message.store.js';
import { doneEventId, eventId, type ReplyPosition } from './reply-position.js';
import { encodeEvent } from './stream-event.js';

/**
 * What the listeners of a reply are told in this process. `resync`: a signal may have been missed, so the stores have to be
 * read; `unreadable`: that has failed.
 */
export type Signal =
  | DeltaSignal
  | RowSignal
  | { readonly type: 'reset'; readonly attempt: number }
  | { readonly type: 'done' }
  | { readonly type: 'resync' }
  | { readonly type: 'unreadable'; readonly readAt: number };

/** Text of an attempt. */
export class DeltaSignal {
  readonly type = 'delta';
  /** Where a reader is that has read it. */
  readonly end: ReplyPosition;
  private encoded: Buffer | null = null;

  /** @param offset where it begins, in UTF-8 bytes */
  constructor(
    private readonly replyId: string,
    readonly attempt: number,
    readonly offset: number,
    readonly text: string,
  ) {
    this.end = { attempt, offset: offset + Buffer.byteLength(text) };
  }

  /** Its event, encoded once for all readers. */
  get frame(): Buffer {
    const { replyId, end, text } = this;
    return (this.encoded ??= encodeEvent({ event: 'delta', id: eventId(replyId, end), data: { text } }));
  }

  /** The part of it behind an offset; null when it has no such offset, or that lies within a character. */
  after(offset: number): DeltaSignal | null {
    if (offset === this.offset) return this;
    if (offset < this.offset || offset > this.end.offset) return null;
    const unread = offset === this.end.offset ? NOTHING : Buffer.from(this.text).subarray(offset - this.offset);
    return splitsCharacter(unread) ? null : new DeltaSignal(this.replyId, this.attempt, offset, unread.toString());
  }
}

const NOTHING = Buffer.alloc(0);

/** The reply's row. */
export class RowSignal {
  readonly type = 'row';
  private whole: DeltaSignal | null = null;
  private encoded: Buffer | null = null;

  /**
   * @param row null: the reply was deleted
   * @param readAt the number of the feed's end when the reading began
   */
  constructor(
    readonly row: ReplyRow | null,
    readonly readAt: number,
  ) {}

  /** Of a finished reply: its whole text. */
  content({ id, attempt, content }: ReplyRow): DeltaSignal {
    return (this.whole ??= new DeltaSignal(id, attempt, 0, content));
  }

  /** Of a finished reply: the event that ends its streams, encoded once for all readers. */
  doneFrame(row: ReplyRow): Buffer {
    return (this.encoded ??= encodeEvent({ event: 'done', id: doneEventId(row.id), data: toMessageResponse(row) }));
  }
}

/** Whether the bytes begin inside a UTF-8 character: then the position before them is none of ours. */
export const splitsCharacter = (text: Buffer): boolean => text[0] !== undefined && (text[0] & 0xc0) === 0x80;
