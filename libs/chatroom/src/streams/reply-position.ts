/** Exactly one prefix of one attempt's text: the first `offset` UTF-8 bytes of it. */
export interface ReplyPosition {
  attempt: number;
  offset: number;
}

/** A position that no attempt has: a reader that claims it is told to forget its text. */
export const NO_POSITION: ReplyPosition = { attempt: -1, offset: 0 };

/** Before any attempt, as an event's id tells it: whoever is here has read nothing. */
const BEGINNING: ReplyPosition = { attempt: 0, offset: 0 };

/** The part of a reply's id by which its events are told from those of another reply: 48 bits, random for the most part. */
const tagOf = (replyId: string): string => replyId.slice(-12);

/**
 * The position behind a `Last-Event-ID`; null: nothing has been read yet. An id of another reply leads to no position of this
 * one, so that a reader never joins the texts of two replies.
 */
export function parsePosition(replyId: string, lastEventId: string | undefined): ReplyPosition | null {
  if (lastEventId === undefined || lastEventId === '') return null;
  const [, attempt, offset, tag] = /^(\d{1,9})-(\d{1,9})-([0-9a-f]{12})$/.exec(lastEventId) ?? [];
  if (attempt === undefined || tag !== tagOf(replyId)) return NO_POSITION;
  return Number(attempt) === 0 ? null : { attempt: Number(attempt), offset: Number(offset) };
}

/** The id of an event that leaves its reader at this position; null: nothing has been read yet. */
export function eventId(replyId: string, position: ReplyPosition | null): string {
  const { attempt, offset } = position ?? BEGINNING;
  return `${attempt}-${offset}-${tagOf(replyId)}`;
}

/** The id of the event that ends a reply's stream: whoever sends it has read everything. */
export const doneEventId = (replyId: string): string => `done-${tagOf(replyId)}`;
