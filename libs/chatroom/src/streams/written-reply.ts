import { LOG_SECONDS } from './reply-log.store.js';

/** A log may outlive its reply's end by this: the clocks of PostgreSQL, Redis and this process differ. */
const SLACK_SECONDS = 60;

/** A reply that workers have written, in logs of its attempts up to this one. */
export interface WrittenReply {
  id: string;
  attempt: number;
}

/** Of replies that were finished before this, Redis has no log any more. */
export const recentlyWritten = (now: Date): Date => new Date(now.getTime() - (LOG_SECONDS + SLACK_SECONDS) * 1_000);
