/** The state of one limit for the caller. */
export interface RateLimitState {
  /** The policy's public name, e.g. `daily-messages`: one of the code's own, without quotes and backslashes. */
  policy: string;
  /** How much the window allows. */
  quota: number;
  /** The window's length in seconds. */
  window: number;
  /** How much is left; below zero is shown as zero. */
  remaining: number;
  /** Seconds until the window ends; fractions are rounded up, so a client that waits isn't early. */
  reset: number;
}

/**
 * `RateLimit-Policy` and `RateLimit` of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers),
 * with one list member for each limit that applies.
 */
export function rateLimitHeaders(...limits: RateLimitState[]): Record<'RateLimit-Policy' | 'RateLimit', string> {
  return {
    'RateLimit-Policy': limits
      .map(({ policy, quota, window }) => `"${policy}";q=${whole(quota)};w=${whole(window)}`)
      .join(', '),
    RateLimit: limits
      .map(({ policy, remaining, reset }) => `"${policy}";r=${whole(remaining)};t=${whole(reset)}`)
      .join(', '),
  };
}

const whole = (value: number): number => Math.max(0, Math.ceil(value));
