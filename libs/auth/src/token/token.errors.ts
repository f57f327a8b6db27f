import { DomainError } from '@app/platform';

/** The token is missing, broken, expired or revoked; the answer does not say which. */
export class UnauthenticatedError extends DomainError {
  constructor() {
    super('unauthenticated', 'unauthenticated', 'A valid token is needed.');
  }
}
