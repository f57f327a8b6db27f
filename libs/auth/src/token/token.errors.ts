import { DomainError } from '@app/platform';

/** RFC 6750, section 3.1. */
const INVALID_TOKEN =
  'Bearer error="invalid_token", error_description="The access token is broken, expired or revoked"';

/** The token is missing, broken, expired or revoked; the answer says no more than whether one was sent (RFC 6750, section 3.1). */
export class UnauthenticatedError extends DomainError {
  /** @param tokenSent whether the request had an access token */
  constructor(tokenSent = false) {
    super('unauthenticated', 'unauthenticated', 'A valid token is needed.', {
      headers: tokenSent ? { 'WWW-Authenticate': INVALID_TOKEN } : {},
    });
  }
}
