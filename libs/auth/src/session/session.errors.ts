import { DomainError } from '@app/platform';

/** A refresh token came back after its successor had been used: two parties have it, so its session was ended. */
export class RefreshTokenReusedError extends DomainError {
  constructor() {
    super(
      'refresh_token_reused',
      'unauthenticated',
      'This refresh token was used before; its session has been ended. Log in again.',
    );
  }
}

/** No such session of this user. */
export class SessionNotFoundError extends DomainError {
  constructor() {
    super('session_not_found', 'not_found', 'There is no such session.');
  }
}
