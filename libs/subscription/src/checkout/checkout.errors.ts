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
