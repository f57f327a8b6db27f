import { DomainError } from '@app/platform';

/** Stripe is out of reach, refuses us, or takes too long: nothing was sold, try again. */
export class PaymentProviderUnavailableError extends DomainError {
  constructor(options: { cause?: unknown } = {}) {
    super('payment_provider_unavailable', 'unavailable', 'The payment provider is out of reach; try again shortly.', {
      ...options,
      headers: { 'Retry-After': '5' },
    });
  }
}

/** The provider failed, and answers every repetition under the same idempotency key with that failure. */
export class IdempotencyKeySpentError extends PaymentProviderUnavailableError {}

/** The provider did nothing, since it takes this request for wrong; an operator has to correct it. */
export class RequestRefusedError extends PaymentProviderUnavailableError {}

/** The provider does not take one of the addresses to return to. */
export class ReturnUrlRefusedError extends RequestRefusedError {
  constructor(
    readonly url: 'successUrl' | 'cancelUrl',
    options: { cause?: unknown } = {},
  ) {
    super(options);
  }
}

/** The provider has no such customer: it was deleted there, or belongs to another account. */
export class UnknownCustomerError extends Error {
  /** @param wasDeleted false: this account never had it */
  constructor(readonly wasDeleted: boolean) {
    super(wasDeleted ? 'The customer was deleted at Stripe' : 'This Stripe account has no such customer');
    this.name = 'UnknownCustomerError';
  }
}

/** The request was not signed by Stripe with one of our secrets, or not recently. */
export class InvalidSignatureError extends DomainError {
  constructor() {
    super('invalid_signature', 'invalid', 'The signature is missing, wrong, or not of this moment.');
  }
}

/** Stripe signed something that is no event. */
export class InvalidEventError extends DomainError {
  constructor() {
    super('invalid_event', 'invalid', 'The body is signed, but is no event.');
  }
}
