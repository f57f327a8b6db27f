/** The BullMQ queue between API and worker. */
export const MESSAGE_QUEUE = 'gemini-messages';

/** The name of the one kind of job on it. */
export const REPLY_JOB = 'reply';

/** Raised when the payload changes its meaning; a worker drops versions that it does not know. */
export const REPLY_JOB_VERSION = 1;

/**
 * "Look at this reply": a doorbell, not the work. The row in PostgreSQL says whether there is anything to do,
 * so a job may be lost, doubled or late without harm. Never carries text.
 */
export interface ReplyJob {
  v: typeof REPLY_JOB_VERSION;
  replyId: string;
  /** The request that caused it, for the logs. */
  requestId?: string;
}
