import type { CheckoutSessionRecord, CustomerRecord, InvoiceRecord, SubscriptionRecord } from '../account/records.js';
import type { StripeState } from '../account/stripe-state.js';

/** A customer with subscriptions, sessions and invoices, as the control API answers it. */
export function customerResponse(state: StripeState, customer: CustomerRecord) {
  const subscriptions = state.subscriptionsOf(customer.id);
  const sessions = [...state.checkoutSessions.values()].filter((session) => session.customer === customer.id);
  return {
    id: customer.id,
    deleted: customer.deleted,
    metadata: customer.metadata,
    card: { outcome: customer.cardOutcome },
    subscriptions: subscriptions.map(subscriptionResponse).reverse(),
    sessions: sessions.map(sessionResponse).reverse(),
    invoices: subscriptions
      .flatMap(({ id }) => state.invoicesOf(id))
      .map(invoiceResponse)
      .reverse(),
  };
}

/** A subscription, as the control API answers it. */
export const subscriptionResponse = (subscription: SubscriptionRecord) => ({
  id: subscription.id,
  status: subscription.status,
  price: subscription.price,
  created: subscription.created,
  currentPeriodStart: subscription.periodStart,
  currentPeriodEnd: subscription.periodEnd,
  cancelAt: subscription.cancelAt,
  cancelAtPeriodEnd: subscription.cancelAtPeriodEnd,
  willCancel: subscription.cancelAt !== null && subscription.endedAt === null,
  canceledAt: subscription.canceledAt,
  endedAt: subscription.endedAt,
  trialEnd: subscription.trialEnd,
  pastDueSince: subscription.pastDueSince,
  latestInvoice: subscription.latestInvoice,
});

const sessionResponse = (session: CheckoutSessionRecord) => ({
  id: session.id,
  status: session.status,
  url: session.url,
  expiresAt: session.expiresAt,
  subscription: session.subscription,
});

const invoiceResponse = (invoice: InvoiceRecord) => ({
  id: invoice.id,
  status: invoice.status,
  subscription: invoice.subscription,
  billingReason: invoice.billingReason,
  amountDue: invoice.amount,
  attemptCount: invoice.attempts,
  nextPaymentAttempt: invoice.nextAttempt,
});
