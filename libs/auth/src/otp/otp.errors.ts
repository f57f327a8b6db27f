import { DomainError, rateLimitHeaders, type RateLimitState } from '@app/platform';

/** The code is wrong, expired, used or unknown. The answer does not say which, so that trying codes reveals nothing. */
export class OtpInvalidError extends DomainError {
  constructor() {
    super('otp_invalid', 'unauthenticated', 'The code is wrong or no longer valid.');
  }
}

/** Too many codes were asked for, or too many were wrong; the headers say when the next one can be sent. */
export class OtpSendLimitedError extends DomainError {
  constructor(readonly limit: RateLimitState) {
    super('otp_send_limited', 'limited', 'No further code can be sent right now; see the Retry-After header.', {
      headers: { ...rateLimitHeaders(limit), 'Retry-After': String(Math.ceil(limit.reset)) },
    });
  }
}

/** The message could not be handed over. The send is not counted: the client may try again at once. */
export class OtpDeliveryFailedError extends DomainError {
  constructor() {
    super('otp_delivery_failed', 'unavailable', 'The code could not be sent; try again.');
  }
}
