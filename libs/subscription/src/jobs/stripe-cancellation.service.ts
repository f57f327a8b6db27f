import { Database } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { hasEnded } from '../plan/entitlement.js';
import { UnknownCustomerError } from '../stripe/payment-gateway.errors.js';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';

/**
 * Ends at Stripe what belongs to a deleted account. A trigger stores the customer whenever a subscription's row is
 * deleted; the worker tries again until everything is done.
 */
@Injectable()
export class StripeCancellationService {
  constructor(
    private readonly gateway: PaymentGateway,
    private readonly database: Database,
  ) {}

  /**
   * Closes the customer's checkouts, ends its subscriptions, and deletes it, at Stripe and here. Repeatable.
   *
   * @throws PaymentProviderUnavailableError
   * @throws UnknownCustomerError when Stripe never had this customer: a wrong key, with which nothing would be ended
   */
  async carryOut(customerId: string): Promise<void> {
    const pending = await this.database.prisma.stripeCancellation.findUnique({ where: { customerId } });
    if (pending === null) return;
    try {
      for (const { id } of await this.gateway.openCheckouts(customerId)) await this.gateway.expireCheckout(id);
      for (const { id, status } of await this.gateway.subscriptionsOf(customerId)) {
        if (!hasEnded(status)) await this.gateway.cancelSubscription(id);
      }
      await this.gateway.deleteCustomer(customerId);
    } catch (error) {
      if (!(error instanceof UnknownCustomerError && error.wasDeleted)) throw error;
    }
    await this.database.prisma.stripeCancellation.deleteMany({ where: { customerId } });
  }
}
