/** What a model writes: text of its reply, or what it tells of its thoughts. Named as the events of a stream that bring it. */
export type WrittenKind = 'delta' | 'thought';

/**
 * How a worker tells readers of a reply what is being written. Of each kind there is a log, a Redis string per attempt that only
 * grows, so a position in it (attempt, UTF-8 byte offset) names exactly one prefix. Signals of a type that a reader doesn't know
 * are passed over: workers and readers may be of different releases.
 */
export type ReplySignal =
  /** Text was appended to the log of this attempt, beginning at `offset` bytes. */
  | { type: 'delta'; attempt: number; offset: number; text: string }
  /** The same for the log of thoughts. */
  | { type: 'thought'; attempt: number; offset: number; text: string }
  /** A new attempt began with empty logs. */
  | { type: 'reset'; attempt: number }
  /** The reply reached its final state in PostgreSQL. */
  | { type: 'done'; attempt: number };

/** The Redis string that holds the text that an attempt has written so far. It expires. Those of one reply are in one place of a cluster. */
export const replyLogKey = (replyId: string, attempt: number): string => `reply:{${replyId}}:${attempt}:text`;

/** The Redis string that holds what an attempt has told of the model's thoughts so far, beside its text. None where it tells none. */
export const thoughtLogKey = (replyId: string, attempt: number): string => `reply:{${replyId}}:${attempt}:thoughts`;

/** The Redis channel on which the signals of one reply are published. */
export const replyChannel = (replyId: string): string => `reply:${replyId}`;

/** The Redis channel on which every worker hears which replies are to stop; the message is the reply's id. */
export const cancelChannel = 'reply:cancel';
