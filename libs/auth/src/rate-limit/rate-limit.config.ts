import { IntegerVariable } from '@app/platform';

const MAX = 1_000_000_000;

/**
 * Requests in a minute, by kind of route. They stop scripts, and stand far above what a person does. Those of one address
 * hold for a company or a mobile network behind one address, too. Of IPv6 an address is a /64; a /56 has four times as
 * many, a /48 sixteen times.
 */
export class RateLimitConfig {
  /** Of one address: signing up. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_SIGNUP_PER_MINUTE = 600;

  /** Of one address: asking for codes and trying them; and as many refreshes of tokens, counted apart. The number of messages is limited separately. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_AUTH_PER_MINUTE = 1_800;

  /** Of one address: requests that lack a valid token on routes that need one. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_ANONYMOUS_PER_MINUTE = 3_000;

  /** Of one user: sending, editing and regenerating messages; the plan's daily quota is another matter. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_SEND_PER_MINUTE = 1_200;

  /** Of one user: creating, changing and deleting, whatever has no limit of its own. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_WRITE_PER_MINUTE = 1_200;

  /** Of one user: opening pages of Stripe's, each of which costs calls to Stripe. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_CHECKOUT_PER_MINUTE = 10;

  /** Of one user, on public routes of one address: reading. A client that polls ten replies every 50 ms meets it. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_READ_PER_MINUTE = 12_000;

  /** Of one address: reading conversations that others have shared by a link. */
  @IntegerVariable(1, MAX)
  RATE_LIMIT_SHARED_PER_MINUTE = 600;
}
