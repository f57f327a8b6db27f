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
  'prompt_blocked',
  'reply_blocked',
  'reply_truncated',
  'reply_empty',
  'timed_out',
] as const;
export type ReplyErrorCode = (typeof REPLY_ERROR_CODES)[number];

/** A time as the driver reads it, or as text: by `ISO_TIMES`, or within JSON. */
export type RowTime = Date | string;

/** The part of a `message` row that its readers may see, as SQL spells it. */
export interface MessageRow {
  id: string;
  chatroom_id: string;
  role: MessageRole;
  status: MessageStatus;
  content: string;
  created_at: RowTime;
  completed_at: RowTime | null;
  reply_to: string | null;
  model: string | null;
  finish_reason: string | null;
  prompt_tokens: number | null;
  reply_tokens: number | null;
  error_code: ReplyErrorCode | null;
  error_detail: string | null;
}

/** The columns of {@link MessageRow} for a SELECT or RETURNING over `message` (or what is aliased so). */
export const MESSAGE_COLUMNS = `message.id, message.chatroom_id, message.role, message.status, message.content,
  message.created_at, message.completed_at, message.reply_to, message.model, message.finish_reason,
  message.prompt_tokens, message.reply_tokens, message.error_code, message.error_detail`;

/** Whether a message has reached a state that it will never leave. */
export const isFinal = (status: MessageStatus): boolean => status !== 'queued' && status !== 'generating';

/** The largest place that a message can have in its room: PostgreSQL's `integer` ends there. */
export const LAST_PLACE = 2_147_483_647;
