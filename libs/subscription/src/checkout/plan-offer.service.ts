import { ValidationFailedError } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { DEFAULT_PLAN, type Interval, type Plan, PlanCatalogue, type PlanPrice } from '../catalogue/plan-catalogue.js';
import { PaymentProviderUnavailableError } from '../stripe/payment-gateway.errors.js';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { PlanNotFoundError } from './checkout.errors.js';

/** What can be bought, by the catalogue. */
@Injectable()
export class PlanOfferService {
  constructor(
    private readonly catalogue: PlanCatalogue,
    private readonly gateway: PaymentGateway,
  ) {}

  /** @throws PlanNotFoundError for a plan that is not in the catalogue, and for the one that costs nothing */
  paidPlan(name: string): Plan {
    const plan = this.catalogue.find(name);
    if (plan === null || plan.name === DEFAULT_PLAN) throw new PlanNotFoundError();
    return plan;
  }

  /**
   * What the plan costs.
   *
   * @throws PaymentProviderUnavailableError without a key to sell with; PlanNotFoundError for a plan without any price;
   *   ValidationFailedError for one that has other prices than this
   */
  priceOf({ prices }: Plan, interval: Interval): PlanPrice {
    if (!this.gateway.isConfigured) throw new PaymentProviderUnavailableError();
    const price = prices[interval];
    if (price !== undefined) return price;
    const others = Object.keys(prices);
    if (others.length === 0) throw new PlanNotFoundError();
    const detail = `This plan is sold by the ${others.join(' and by the ')}`;
    throw new ValidationFailedError([{ pointer: '/interval', detail }]);
  }
}
