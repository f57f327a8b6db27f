/** Exactly one prefix of one attempt's text, and one of its thoughts: so many UTF-8 bytes of each. */
export interface ReplyPosition {
  attempt: number;
  /** Of the text. */
  offset: number;
  /** Of the thoughts. */
  thoughtOffset: number;
}

/** Where nothing of an attempt has been read yet. */
export const beginningOf = (attempt: number): ReplyPosition => ({ attempt, offset: 0, thoughtOffset: 0 });

/** A position that no attempt has: a reader that claims it is told to forget its text. */
export const NO_POSITION: ReplyPosition = beginningOf(-1);

/** Before any attempt, as an event's id tells it: whoever is here has read nothing. */
const BEGINNING: ReplyPosition = beginningOf(0);

/** The part of a reply's id by which its events are told from those of another reply: 48 bits, random for the most part. */
const tagOf = (replyId: string): string => replyId.slice(-12);

/** Where no thoughts were read it tells of none, so that a process of the release before understands it. */
const ID = /^(\d{1,9})-(\d{1,9})(?:\.(\d{1,9}))?-([0-9a-f]{12})$/;

/**
 * The position behind a `Last-Event-ID`; null: nothing has been read yet. An id of another reply leads to no position of this
 * one, so that a reader never joins the texts of two replies.
 */
export function parsePosition(replyId: string, lastEventId: string | undefined): ReplyPosition | null {
  if (lastEventId === undefined || lastEventId === '') return null;
  const [, attempt, offset, thoughtOffset = '0', tag] = ID.exec(lastEventId) ?? [];
  if (attempt === undefined || tag !== tagOf(replyId)) return NO_POSITION;
  if (Number(attempt) === 0) return null;
  return { attempt: Number(attempt), offset: Number(offset), thoughtOffset: Number(thoughtOffset) };
}

/** The id of an event that leaves its reader at this position; null: nothing has been read yet. */
export function eventId(replyId: string, position: ReplyPosition | null): string {
  const { attempt, offset, thoughtOffset } = position ?? BEGINNING;
  return `${attempt}-${offset}${thoughtOffset === 0 ? '' : `.${thoughtOffset}`}-${tagOf(replyId)}`;
}

/** The id of the event that ends a reply's stream: whoever sends it has read everything. */
export const doneEventId = (replyId: string): string => `done-${tagOf(replyId)}`;
