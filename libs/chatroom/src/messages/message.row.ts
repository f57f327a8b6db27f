import type { StoredFileRow } from '@app/file';
import { boundedTextSql } from '@app/platform';

/** Who wrote a message. */
export const MESSAGE_ROLES = ['user', 'bot'] as const;
export type MessageRole = (typeof MESSAGE_ROLES)[number];

/** Where a message stands: one of the user is `completed` at once, a reply begins `queued`. */
export const MESSAGE_STATUSES = ['queued', 'generating', 'completed', 'cancelled', 'failed', 'blocked'] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** Why a reply brought no complete answer. */
export const REPLY_ERROR_CODES = [
  'model_unavailable',
  'model_rate_limited',
  'model_rejected_request',
  'model_misconfigured',
  'model_not_available',
  'prompt_blocked',
  'reply_blocked',
  'reply_truncated',
  'reply_empty',
  'timed_out',
] as const;
export type ReplyErrorCode = (typeof REPLY_ERROR_CODES)[number];

/** What a person may think of a reply. */
export const RATINGS = ['up', 'down'] as const;
export type Rating = (typeof RATINGS)[number];

/** What the owner of a reply thinks of it, as the column `feedback` holds it. */
export interface MessageFeedback {
  /** Null: a comment alone. */
  rating: Rating | null;
  comment: string | null;
  /** When it was given as it stands, in ISO 8601. */
  createdAt: string;
}

/** A file of a message, as the column `files` holds it: see the schema. */
export type MessageFile = Omit<StoredFileRow, 'createdAt'> & {
  /** ISO 8601. */
  createdAt: string;
};

/** A part of a text, in UTF-16 code units: the first one, and the one behind the last. */
export interface TextRange {
  start: number;
  end: number;
}

/** A page of the web that a reply is founded on. */
export interface MessageSource {
  title: string;
  uri: string;
  /** The parts of the text that it supports. */
  ranges: TextRange[];
}

/** What a reply is founded on, as the column `grounding` holds it. */
export interface Grounding {
  sources: MessageSource[];
  /** What was searched for. */
  searchQueries: string[];
}

/** Where a message is found: ids are unique in their room. */
export interface MessageAddress {
  chatroomId: string;
  id: string;
}

/**
 * The part of a `message` row that its readers may see.
 *
 * @typeParam Time `Date`, but text where it was read with `ISO_TIMES`
 */
export interface MessageRow<Time = Date> {
  id: string;
  chatroomId: string;
  role: MessageRole;
  status: MessageStatus;
  content: string;
  createdAt: Time;
  completedAt: Time | null;
  replyTo: string | null;
  model: string | null;
  finishReason: string | null;
  promptTokens: number | null;
  cachedTokens: number | null;
  thoughtTokens: number | null;
  replyTokens: number | null;
  /** A {@link ReplyErrorCode}. */
  errorCode: string | null;
  errorDetail: string | null;
  /** Of a finished reply; null until its owner has given some. */
  feedback: MessageFeedback | null;
  /** Of a question; null: it has none. */
  files: MessageFile[] | null;
  /** Of a reply: what the model told of its thoughts; null: nothing. */
  thoughts: string | null;
  /** Of a finished reply; null: nothing was searched for. */
  grounding: Grounding | null;
}

/**
 * The columns of {@link MessageRow} for a SELECT or RETURNING over `message` (or what is aliased so).
 *
 * @param column the expression for a column that may be long
 */
const messageColumns = (column: (name: string) => string): string => `
  message.id, message.chatroom_id AS "chatroomId", message.role, message.status, ${column('message.content')} AS content,
  message.created_at AS "createdAt", message.completed_at AS "completedAt", message.reply_to AS "replyTo", message.model,
  message.finish_reason AS "finishReason", message.prompt_tokens AS "promptTokens",
  message.cached_tokens AS "cachedTokens", message.thought_tokens AS "thoughtTokens", message.reply_tokens AS "replyTokens",
  message.error_code AS "errorCode", message.error_detail AS "errorDetail", message.feedback,
  ${column('message.files')} AS files,
  ${column('message.thoughts')} AS thoughts, ${column('message.grounding')} AS grounding`;

/** As {@link messageColumns}, with all of it. */
export const MESSAGE_COLUMNS = messageColumns((column) => column);

/**
 * How large a message is, in bytes: its text and what else of it grows with what was said, as an SQL expression.
 *
 * @param message a table or CTE with the columns of `message`
 */
export const messageBytesSql = (message: string): string => `(octet_length(${message}.content)
      + COALESCE(octet_length(${message}.thoughts), 0) + COALESCE(octet_length(${message}.grounding::text), 0)
      + COALESCE(octet_length(${message}.files::text), 0))`;

/** As {@link messageBytesSql}, with what its owner thinks of it. */
export const messageBytesWithFeedbackSql = (message: string): string =>
  `(${messageBytesSql(message)} + COALESCE(octet_length(${message}.feedback ->> 'comment'), 0))`;

/** A message of a page, with its position in the room and the size of its texts. */
export type PageMessageRow<Time = Date> = MessageRow<Time> & { seq: number; bytes: number };

/**
 * A SELECT of messages for `boundedPageOf`, newest first, as {@link PageMessageRow}s.
 *
 * @param from a FROM item `message` with its condition
 * @param limit how many at most
 */
export const messagePageSql = (from: string, limit: string): string => `
  SELECT ${messageColumns(boundedTextSql)}, message.seq, message.bytes
  FROM (
    SELECT message.*, ${messageBytesWithFeedbackSql('message')} AS bytes
    FROM ${from} ORDER BY message.seq DESC LIMIT ${limit}
  ) message
  WINDOW page AS (ORDER BY message.seq DESC ROWS UNBOUNDED PRECEDING)
  ORDER BY message.seq DESC`;

/** The same for Prisma, but for the columns of JSON, whose shapes Prisma doesn't know. */
export const MESSAGE_SELECT = {
  id: true,
  chatroomId: true,
  role: true,
  status: true,
  content: true,
  createdAt: true,
  completedAt: true,
  replyTo: true,
  model: true,
  finishReason: true,
  promptTokens: true,
  cachedTokens: true,
  thoughtTokens: true,
  replyTokens: true,
  errorCode: true,
  errorDetail: true,
  thoughts: true,
} as const satisfies Record<keyof Omit<MessageRow, 'feedback' | 'files' | 'grounding'>, true>;

/** Whether a message has reached a state that it will never leave. */
export const isFinal = (status: MessageStatus): boolean => status !== 'queued' && status !== 'generating';

/** The largest position that a message can have in its room: PostgreSQL's `integer` ends there. */
export const MAX_SEQ = 2_147_483_647;
