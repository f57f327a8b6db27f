import { DomainError, rateLimitHeaders, type RateLimitState } from '@app/platform';

/** Too many requests of this kind; the headers say when the next one can be. */
export class RateLimitedError extends DomainError {
  constructor(limit: RateLimitState) {
    super('rate_limited', 'limited', 'Too many requests; see the Retry-After header.', {
      headers: { ...rateLimitHeaders(limit), 'Retry-After': String(Math.ceil(limit.reset)) },
    });
  }
}
