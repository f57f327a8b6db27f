import { DomainError } from '@app/platform';

/** The token is missing, broken, expired or revoked; it is not said which. */
export class UnauthenticatedError extends DomainError {
  constructor() {
    super('unauthenticated', 'unauthenticated', 'A valid token is needed.');
  }
}

/** A refresh token came back after its successor had been used: it is in two hands, so its session was ended. */
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

/** Codes are not sent to the country of this phone number. */
export class PhoneCountryNotAllowedError extends DomainError {
  constructor() {
    super('phone_country_not_allowed', 'unprocessable', 'Phone numbers of this country cannot be used.');
  }
}
