import { Injectable } from '@nestjs/common';
import { type MessageResponse, toMessageResponse } from '../messages/message.response.js';
import { isFinal } from '../messages/message.row.js';
import { MessageStore, type ReplyRow } from '../messages/message.store.js';
import { ReplyLogStore } from './reply-log.store.js';
import { doneEventId, eventId, NO_POSITION, type ReplyPosition } from './reply-position.js';
import { ReplySignalService } from './reply-signal.service.js';
import type { SignalBuffer } from './signal-buffer.js';

/** What a reader is told. The texts of all deltas after the last reset add up to the stored content. */
export type ReplyEvent =
  | { event: 'delta'; id: string; data: { text: string } }
  | { event: 'reset'; id: string; data: Record<string, never> }
  | { event: 'done'; id: string; data: MessageResponse };

/** Which reply is read, and by whom. */
export interface ReplyTarget {
  userId: string;
  chatroomId: string;
  replyId: string;
}

/** A reply that a reader has begun to follow. To be closed, whether or not its events were read. */
export interface ReplyReading extends ReplyTarget {
  buffer: SignalBuffer;
  /** The reply as it was when the reading was opened. */
  reply: ReplyRow;
}

/** Follows one reply from any position to its end, whatever happens to workers and to Redis meanwhile. */
@Injectable()
export class ReplyReaderService {
  constructor(
    private readonly messages: MessageStore,
    private readonly log: ReplyLogStore,
    private readonly signals: ReplySignalService,
  ) {}

  /**
   * Begins to follow a reply. The subscription comes before the first reading of the row, so that nothing falls between
   * the two.
   *
   * @returns null when the user has no such reply
   */
  async open(target: ReplyTarget): Promise<ReplyReading | null> {
    const { userId, chatroomId, replyId } = target;
    const buffer = await this.signals.open(replyId);
    try {
      const reply = await this.messages.find(userId, chatroomId, replyId);
      if (reply?.role === 'bot') return { ...target, buffer, reply };
    } catch (error) {
      this.signals.close(replyId, buffer);
      throw error;
    }
    this.signals.close(replyId, buffer);
    return null;
  }

  /** Ends a reading. Repeatable. */
  close({ replyId, buffer }: ReplyReading): void {
    this.signals.close(replyId, buffer);
  }

  /**
   * The events of a reply, produced as they are taken. Ends after `done`, when the reply is deleted, or with the signal.
   *
   * @param from where the reader is; null: nothing has been read yet
   * @param abort aborted when the reader has left
   */
  async *read(reading: ReplyReading, from: ReplyPosition | null, abort: AbortSignal): AsyncGenerator<ReplyEvent> {
    const { userId, chatroomId, replyId, buffer } = reading;
    let reply: ReplyRow | null = reading.reply;
    let position = from;
    while (reply !== null && !abort.aborted) {
      if (isFinal(reply.status)) {
        yield* finalEvents(reply, position);
        return;
      }
      position = yield* this.catchUp(reply, position);
      buffer.attempt = reply.attempt;
      position = yield* follow(replyId, buffer, position, abort);
      if (abort.aborted) return;
      reply = await this.messages.find(userId, chatroomId, replyId);
    }
  }

  /** What the log of the present attempt has beyond the reader's position. */
  private async *catchUp(
    reply: ReplyRow,
    from: ReplyPosition | null,
  ): AsyncGenerator<ReplyEvent, ReplyPosition | null> {
    const attempt = reply.attempt;
    if (attempt === 0) return from;
    let position = from;
    if (position?.attempt !== attempt) position = yield* beginAttempt(reply.id, position, attempt);
    let text = await this.log.read(reply.id, attempt, position.offset);
    if (text !== null && splitsCharacter(text)) {
      position = yield* beginAttempt(reply.id, NO_POSITION, attempt);
      text = await this.log.read(reply.id, attempt, 0);
    }
    return text === null || text.length === 0 ? position : yield* delta(reply.id, position, text.toString());
  }
}

/** Passes signals on as long as they fit the position; returns when the stores have to be read again. */
async function* follow(
  replyId: string,
  buffer: SignalBuffer,
  from: ReplyPosition | null,
  abort: AbortSignal,
): AsyncGenerator<ReplyEvent, ReplyPosition | null> {
  let position = from;
  for (;;) {
    const signal = await buffer.take(abort);
    if (signal === null || signal.type === 'resync' || signal.type === 'done') return position;
    if (position !== null && signal.attempt < position.attempt) continue;
    if (position?.attempt !== signal.attempt) position = yield* beginAttempt(replyId, position, signal.attempt);
    buffer.attempt = signal.attempt;
    if (signal.type === 'reset') continue;
    if (signal.offset > position.offset) return position;
    const unread = Buffer.from(signal.text).subarray(position.offset - signal.offset);
    if (splitsCharacter(unread)) return position;
    if (unread.length > 0) position = yield* delta(replyId, position, unread.toString());
  }
}

/** The rest of the stored content if the reader has a true beginning of it, else all of it anew; then the end. */
function* finalEvents(reply: ReplyRow, from: ReplyPosition | null): Generator<ReplyEvent, void> {
  const content = Buffer.from(reply.content);
  const knows =
    from?.attempt === reply.attempt && from.offset <= content.length && !splitsCharacter(content.subarray(from.offset));
  const position = knows ? from : yield* beginAttempt(reply.id, from, reply.attempt);
  const rest = content.subarray(position.offset);
  if (rest.length > 0) yield* delta(reply.id, position, rest.toString());
  yield { event: 'done', id: doneEventId(reply.id), data: toMessageResponse(reply) };
}

/** A reader who has text of another attempt is told to forget it; one who has none gets no `reset`. */
function* beginAttempt(
  replyId: string,
  from: ReplyPosition | null,
  attempt: number,
): Generator<ReplyEvent, ReplyPosition> {
  const position = { attempt, offset: 0 };
  if (from !== null) yield { event: 'reset', id: eventId(replyId, position), data: {} };
  return position;
}

function* delta(replyId: string, from: ReplyPosition, text: string): Generator<ReplyEvent, ReplyPosition> {
  const position = { attempt: from.attempt, offset: from.offset + Buffer.byteLength(text) };
  yield { event: 'delta', id: eventId(replyId, position), data: { text } };
  return position;
}

/** Whether the bytes begin inside a UTF-8 character: then the position before them is none of ours. */
const splitsCharacter = (text: Buffer): boolean => text[0] !== undefined && (text[0] & 0xc0) === 0x80;
