/** An event as it stands in a stream. */
export interface RawEvent {
  /** Null: the event has none. */
  id: string | null;
  /** Its name, such as `delta`. */
  name: string;
  data: string;
}

/** One event of a stream. */
export interface StreamEvent extends RawEvent {
  /** Milliseconds since the call began. */
  afterMs: number;
}

/** Pieces of text that are no longer kept one by one. */
interface FoldedPieces {
  count: number;
  firstId: string | null;
  lastId: string | null;
}

/**
 * How far a call is. `waiting`: for an answer. `open`: a stream is read. `cut`: the connection was cut by the reader of this page.
 * `closed`: the page itself needed it no more. `failed`: the network.
 */
type CallState = 'waiting' | 'open' | CallEnd;

/** How a call is in the end. */
export type CallEnd = 'ended' | 'cut' | 'closed' | 'failed';

/** One call to the API, as it is shown. Tokens are not in it. */
export interface CallRecord {
  id: number;
  method: string;
  /** Without the origin. */
  path: string;
  url: string;
  startedAt: Date;
  /** Null: it has not ended yet. */
  durationMs: number | null;
  /** Null: there is no answer, or not yet. */
  status: number | null;
  state: CallState;
  requestHeaders: [name: string, value: string][];
  /** Null: it has none. */
  requestBody: string | null;
  /** The name of the file that is uploaded, whose bytes are not kept. Null: none is. */
  upload: string | null;
  responseHeaders: [name: string, value: string][];
  /** Null: it has none, or none yet. */
  responseBody: string | null;
  isStream: boolean;
  /** The latest, oldest first. */
  events: StreamEvent[];
  /** The pieces between the first events and those of `events`. */
  folded: FoldedPieces | null;
  /** What calls of one reply have in common: its idempotency key, or its id. Null: none. */
  thread: string | null;
  /** The call of the same thread that it goes on with. Null: it begins one. */
  continues: number | null;
}

/** Whether an event brings a piece of a text, of which a stream has many. */
export const isPiece = ({ name }: RawEvent): boolean => name === 'delta' || name === 'thought';

/** What a call is at its beginning. */
export type NewCall = Pick<
  CallRecord,
  'method' | 'path' | 'url' | 'requestHeaders' | 'requestBody' | 'upload' | 'thread'
>;
