import { PaymentProviderUnavailableError } from './subscription.errors.js';

/** The provider failed, and answers every repetition under the same idempotency key with that failure. */
export class IdempotencyKeySpentError extends PaymentProviderUnavailableError {}

/** The provider did nothing, since it takes this request for wrong; an operator has to mend it. */
export class RequestRefusedError extends PaymentProviderUnavailableError {}

/** The provider has no such customer: deleted there, or of another account. */
export class UnknownCustomerError extends Error {
  /** @param wasDeleted false: this account never had it */
  constructor(readonly wasDeleted: boolean) {
    super(wasDeleted ? 'The customer was deleted at Stripe' : 'This Stripe account has no such customer');
    this.name = 'UnknownCustomerError';
  }
}
