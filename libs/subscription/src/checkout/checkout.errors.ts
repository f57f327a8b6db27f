import { DomainError } from '@app/platform';

/** There is a subscription already; a second one would be paid twice. */
export class AlreadySubscribedError extends DomainError {
  /** @param status Stripe's word for the subscription */
  constructor(status: string) {
    super(
      'already_subscribed',
      'conflict',
      status === 'active' || status === 'trialing'
        ? 'You have a subscription already: the portal changes its plan or interval, and cancels it.'
        : 'You have a subscription that needs attention, such as an open payment; the portal shows it.',
    );
  }
}

/** The catalogue has no such plan, or does not sell it. */
export class PlanNotFoundError extends DomainError {
  constructor() {
    super('plan_not_found', 'not_found', 'There is no such plan to buy.');
  }
}
