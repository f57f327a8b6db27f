import { IntegerVariable, type ProcessConfig } from '@app/platform';
import type { GeminiConfig } from '../google/gemini.config.js';

/** How a worker works. */
export class ReplyWorkerConfig {
  /** Replies that one worker writes at once. Nearly all of that is waiting for the network. */
  @IntegerVariable(1, 1_000)
  WORKER_CONCURRENCY = 50;
}

/** How long before the process must have ended the unfinished replies are released. */
export const RELEASE_MS = 3_000;

/** What an attempt takes besides its model call, with {@link RELEASE_MS}: to read the conversation, and to store the outcome. */
const BESIDES_CALL_MS = 10_000;

/**
 * Milliseconds that a worker may take to end: unless the environment says otherwise as long as the longest attempt, since one that is cut
 * short is paid twice, and its reader begins anew.
 */
export const workerShutdownMs = (
  { SHUTDOWN_TIMEOUT_MS }: ProcessConfig,
  { GEMINI_CALL_TIMEOUT_MS }: GeminiConfig,
): number => SHUTDOWN_TIMEOUT_MS ?? GEMINI_CALL_TIMEOUT_MS + BESIDES_CALL_MS;
