import type { QueueContract, QueueJob } from './queue-job.js';

/** The queue between API and worker. */
export const REPLY_QUEUE = { queue: 'gemini-messages', job: 'reply', version: 1 } as const satisfies QueueContract;

/**
 * A wake-up for a worker, not the work itself. The row in PostgreSQL says whether there is anything to do, so a job may
 * be lost, doubled or late without harm.
 */
export interface ReplyJob extends QueueJob {
  replyId: string;
  /** Its room. Missing in jobs of the release before: then the worker looks it up. */
  chatroomId?: string;
  /** Whether the end of another reply of the user made it: where this reply is taken already, it goes on to the next one. */
  inTurn?: boolean;
}
