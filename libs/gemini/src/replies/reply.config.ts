import { IntegerVariable } from '@app/platform';

/** The timing of replies. All in milliseconds but `REPLY_MAX_ATTEMPTS`. */
export class ReplyConfig {
  /** How long a reply stays with a worker that doesn't extend its lease. It does so every second. */
  @IntegerVariable(2_000, 600_000)
  REPLY_LEASE_MS = 10_000;

  /** From its first claim, or its first wait for a paused model, how long a reply may take, all attempts and pauses together. */
  @IntegerVariable(1_000, 3_600_000)
  REPLY_DEADLINE_MS = 300_000;

  /** How many model calls may fail before the reply does. Waiting for a paused model isn't counted. */
  @IntegerVariable(1, 20)
  REPLY_MAX_ATTEMPTS = 5;

  /** The pause before the second attempt; it doubles with each further one, and is spread by up to a half. */
  @IntegerVariable(1, 60_000)
  REPLY_RETRY_BASE_MS = 500;

  /** How often the sweep enqueues due replies whose job was lost. */
  @IntegerVariable(100, 60_000)
  REPLY_SWEEP_MS = 1_000;
}
