import { Injectable } from '@nestjs/common';
import { stripeId } from './ids.js';
import type { PortalSessionRecord, SubscriptionRecord } from './records.js';
import { StripeState } from './stripe-state.js';
import { Subscriptions } from './subscriptions.js';
import { TestClock } from './test-clock.js';

const SESSION_SECONDS = 3600;

/** The customer portal: sessions of an hour, and its way of cancelling a subscription. */
@Injectable()
export class Portal {
  constructor(
    private readonly state: StripeState,
    private readonly subscriptions: Subscriptions,
    private readonly clock: TestClock,
  ) {}

  /** @param publicUrl how a browser reaches the sandbox */
  open(input: Pick<PortalSessionRecord, 'customer' | 'returnUrl'>, publicUrl: string): PortalSessionRecord {
    const id = stripeId('bps');
    const session = { ...input, id, created: this.clock.now(), url: `${publicUrl}/stripe/portal/${id}` };
    this.state.portalSessions.set(id, session);
    return session;
  }

  isUsable(session: PortalSessionRecord): boolean {
    const isFresh = this.clock.now() < session.created + SESSION_SECONDS;
    return isFresh && this.state.customers.get(session.customer)?.deleted === false;
  }

  /** In the flexible billing mode the portal sets `cancel_at` and leaves `cancel_at_period_end` false. */
  cancelAtPeriodEnd(subscription: SubscriptionRecord): void {
    const isClassic = subscription.billingMode === 'classic';
    this.subscriptions.scheduleCancellation(subscription, subscription.periodEnd, isClassic);
  }
}
