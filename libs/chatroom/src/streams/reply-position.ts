/** Exactly one prefix of one attempt's text: the first `offset` UTF-8 bytes of it. */
export interface ReplyPosition {
  attempt: number;
  offset: number;
}

/** A position that no attempt has: a reader that claims it is told to forget its text. */
export const NO_POSITION: ReplyPosition = { attempt: -1, offset: 0 };

/** The position behind a `Last-Event-ID`; null: nothing has been read yet. */
export function parsePosition(lastEventId: string | undefined): ReplyPosition | null {
  if (lastEventId === undefined || lastEventId === '' || lastEventId === BEGINNING_ID) return null;
  const [, attempt, offset] = /^(\d{1,9})-(\d{1,9})$/.exec(lastEventId) ?? [];
  return attempt === undefined ? NO_POSITION : { attempt: Number(attempt), offset: Number(offset) };
}

/** The event id of the beginning, before any attempt: a client at it has read nothing. */
const BEGINNING_ID = '0-0';

/** The id of an event that leaves its reader at this position; null: nothing has been read yet. */
export const eventIdBehind = (position: ReplyPosition | null): string =>
  position === null ? BEGINNING_ID : eventId(position);

export const eventId = ({ attempt, offset }: ReplyPosition): string => `${attempt}-${offset}`;
