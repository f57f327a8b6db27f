import { DomainError } from '@app/platform';

/** There is a subscription already; a second one would be paid twice. */
export class AlreadySubscribedError extends DomainError {
  /** @param status Stripe's word for the subscription */
  constructor(status: string) {
    super(
      'already_subscribed',
      'conflict',
      status === 'active' || status === 'trialing'
        ? 'You are on the Pro plan already; the portal changes or cancels it.'
        : 'You have a subscription that needs attention, such as an open payment; the portal shows it.',
    );
  }
}

/** Stripe is out of reach, refuses us, or takes too long: nothing was sold, try again. */
export class PaymentProviderUnavailableError extends DomainError {
  constructor(options: { cause?: unknown } = {}) {
    super('payment_provider_unavailable', 'unavailable', 'The payment provider is out of reach; try again shortly.', {
      ...options,
      headers: { 'Retry-After': '5' },
    });
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
