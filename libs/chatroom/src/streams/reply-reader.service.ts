import { Injectable } from '@nestjs/common';
import { type MessageResponse, toMessageResponse } from '../messages/message.response.js';
import { isFinal } from '../messages/message.row.js';
import { MessageStore, type ReplyRow } from '../messages/message.store.js';
import { ReplyLog } from './reply.log.js';
import { type Mailbox, ReplySignals } from './reply-signals.service.js';

/** Exactly one prefix of one attempt's text: the first `offset` UTF-8 bytes of it. */
export interface Position {
  attempt: number;
  offset: number;
}

/** What a reader is told. The texts of all deltas after the last reset add up to the stored content. */
export type ReplyEvent =
  | { event: 'delta'; id: string; data: { text: string } }
  | { event: 'reset'; id: string; data: Record<string, never> }
  | { event: 'done'; id: string; data: MessageResponse };

/** A position that no attempt has: whoever says to have it is told to forget its text. */
const NOWHERE: Position = { attempt: -1, offset: 0 };

/** The position behind a `Last-Event-ID`; null: nothing has been read yet. */
export function parsePosition(lastEventId: string | undefined): Position | null {
  if (lastEventId === undefined || lastEventId === '' || lastEventId === BEGINNING_ID) return null;
  const [, attempt, offset] = /^(\d{1,9})-(\d{1,9})$/.exec(lastEventId) ?? [];
  return attempt === undefined ? NOWHERE : { attempt: Number(attempt), offset: Number(offset) };
}

/** The event id of the beginning, before any attempt: a client that has it has read nothing. */
const BEGINNING_ID = '0-0';

/** The id of an event that leaves its reader at this position; null: nothing has been read yet. */
export const eventIdBehind = (position: Position | null): string =>
  position === null ? BEGINNING_ID : eventId(position);

const eventId = ({ attempt, offset }: Position): string => `${attempt}-${offset}`;

/** Whose reply is read, and from where. */
export interface ReplyReading {
  userId: string;
  chatroomId: string;
  replyId: string;
  from: Position | null;
}

/** Follows one reply from wherever its reader was to its end, whatever happens to workers and to Redis meanwhile. */
@Injectable()
export class ReplyReader {
  constructor(
    private readonly messages: MessageStore,
    private readonly log: ReplyLog,
    private readonly signals: ReplySignals,
  ) {}

  /**
   * The events of a reply, produced as they are taken. Ends after `done`, when the reply is deleted, or with `gone`.
   *
   * @param gone aborted when nobody reads any more
   */
  async *read(reading: ReplyReading, gone: AbortSignal): AsyncGenerator<ReplyEvent> {
    const { userId, chatroomId, replyId } = reading;
    // Subscribed before the first look, so that nothing falls between the two.
    const mailbox = await this.signals.open(replyId);
    try {
      let position = reading.from;
      while (!gone.aborted) {
        const reply = await this.messages.find(userId, chatroomId, replyId);
        if (reply === null) return;
        if (isFinal(reply.status)) {
          yield* finalEvents(reply, position);
          return;
        }
        position = yield* this.catchUp(reply, position);
        mailbox.attempt = reply.fence;
        position = yield* follow(mailbox, position, gone);
      }
    } finally {
      this.signals.close(replyId, mailbox);
    }
  }

  /** What the log of the present attempt has beyond the reader's position. */
  private async *catchUp(reply: ReplyRow, from: Position | null): AsyncGenerator<ReplyEvent, Position | null> {
    const attempt = reply.fence;
    if (attempt === 0) return from;
    let position = from;
    if (position?.attempt !== attempt) position = yield* beginAttempt(position, attempt);
    let text = await this.log.read(reply.id, attempt, position.offset);
    if (text !== null && splitsCharacter(text)) {
      position = yield* beginAttempt(NOWHERE, attempt);
      text = await this.log.read(reply.id, attempt, 0);
    }
    return text === null || text.length === 0 ? position : yield* delta(position, text.toString());
  }
}

/** Passes signals on as long as they fit the position; returns when the stores have to be looked at again. */
async function* follow(
  mailbox: Mailbox,
  from: Position | null,
  gone: AbortSignal,
): AsyncGenerator<ReplyEvent, Position | null> {
  let position = from;
  for (;;) {
    const mail = await mailbox.take(gone);
    if (mail === null || mail.type === 'resync' || mail.type === 'done') return position;
    if (position !== null && mail.attempt < position.attempt) continue;
    if (position?.attempt !== mail.attempt) position = yield* beginAttempt(position, mail.attempt);
    mailbox.attempt = mail.attempt;
    if (mail.type === 'reset') continue;
    if (mail.offset > position.offset) return position;
    const unread = Buffer.from(mail.text).subarray(position.offset - mail.offset);
    if (splitsCharacter(unread)) return position;
    if (unread.length > 0) position = yield* delta(position, unread.toString());
  }
}

/** The rest of the stored content if the reader has a true beginning of it, else all of it anew; then the end. */
function* finalEvents(reply: ReplyRow, from: Position | null): Generator<ReplyEvent, void> {
  const content = Buffer.from(reply.content);
  const knows =
    from?.attempt === reply.fence && from.offset <= content.length && !splitsCharacter(content.subarray(from.offset));
  let position = knows ? from : yield* beginAttempt(from, reply.fence);
  const rest = content.subarray(position.offset);
  if (rest.length > 0) position = yield* delta(position, rest.toString());
  yield { event: 'done', id: eventId(position), data: toMessageResponse(reply) };
}

/** A reader who has text of another attempt is told to forget it; one who has none needs no telling. */
function* beginAttempt(from: Position | null, attempt: number): Generator<ReplyEvent, Position> {
  const position = { attempt, offset: 0 };
  if (from !== null) yield { event: 'reset', id: eventId(position), data: {} };
  return position;
}

function* delta(from: Position, text: string): Generator<ReplyEvent, Position> {
  const position = { attempt: from.attempt, offset: from.offset + Buffer.byteLength(text) };
  yield { event: 'delta', id: eventId(position), data: { text } };
  return position;
}

/** Whether the bytes begin inside a UTF-8 character: then the position before them is none of ours. */
const splitsCharacter = (text: Buffer): boolean => text[0] !== undefined && (text[0] & 0xc0) === 0x80;
