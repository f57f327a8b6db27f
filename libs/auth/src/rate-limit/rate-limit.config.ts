import { IntegerVariable } from '@app/platform';

const MAX = 1_000_000_000;

/** Requests that one user, or one address without a user, may make in a minute, by kind of route. */
export class RateLimitConfig {
  /** Signing up, asking for codes, trying codes. The number of messages is limited separately. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_AUTH_PER_MINUTE = 3_000;

  /** Sending and regenerating messages; the plan's daily quota is another matter. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_SEND_PER_MINUTE = 6_000;

  /** Everything else. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_READ_PER_MINUTE = 60_000;
}
