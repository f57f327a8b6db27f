import { DomainError } from '@app/platform';

/** The user has as many searches under way as one user may have. */
export class TooManySearchesError extends DomainError {
  constructor() {
    super('too_many_searches', 'limited', 'Two searches are under way; wait for one to end.', {
      headers: { 'Retry-After': '1' },
    });
  }
}

/** Searches take too long just now, or too many wait. */
export class SearchUnavailableError extends DomainError {
  constructor(options?: ErrorOptions) {
    super('search_unavailable', 'unavailable', 'Searching takes too long just now; try again soon.', options);
  }
}
