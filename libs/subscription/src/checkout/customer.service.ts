import { Clock } from '@app/platform';
import { Injectable } from '@nestjs/common';
import {
  IdempotencyKeySpentError,
  PaymentProviderUnavailableError,
  type UnknownCustomerError,
} from '../stripe/payment-gateway.errors.js';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { LeaseLostError } from '../sync/customer-lease.errors.js';
import type { CustomerLease } from '../sync/customer-lease.store.js';
import { SubscriptionStore } from '../sync/subscription.store.js';

/** The customers at Stripe, one for each user who ever asked to pay. */
@Injectable()
export class CustomerService {
  constructor(
    private readonly gateway: PaymentGateway,
    private readonly store: SubscriptionStore,
    private readonly clock: Clock,
  ) {}

  /**
   * The user's customer, made and stored if there is none. The key was stored before, so that after a crash between
   * Stripe and us the next attempt finds the same customer.
   *
   * @throws PaymentProviderUnavailableError
   */
  async of(lease: CustomerLease): Promise<string> {
    if (lease.customerId !== null) return lease.customerId;
    const customerId = await this.create(lease);
    try {
      await this.store.saveCustomer(lease, customerId);
    } catch (error) {
      if (error instanceof LeaseLostError) await this.store.abandonCustomer(customerId, lease.userId);
      throw error;
    }
    return customerId;
  }

  /**
   * Makes another customer in place of one that Stripe does not have.
   *
   * @throws PaymentProviderUnavailableError while a paid period runs and Stripe claims never to have had the customer:
   *   then it is our key that is wrong
   */
  async replace(lease: CustomerLease, error: UnknownCustomerError): Promise<string> {
    const hasPaid = lease.currentPeriodEnd !== null && lease.currentPeriodEnd > this.clock.now();
    if (hasPaid && !error.wasDeleted) throw new PaymentProviderUnavailableError({ cause: error });
    await this.store.forgetCustomer(lease);
    return this.of(lease);
  }

  private async create(lease: CustomerLease): Promise<string> {
    try {
      return await this.gateway.createCustomer(lease.userId, lease.customerKey);
    } catch (error) {
      // A customer that Stripe may have made all the same has nothing that could be paid.
      if (error instanceof IdempotencyKeySpentError) await this.store.forgetCustomer(lease);
      throw error;
    }
  }
}
