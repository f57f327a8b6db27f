import { IsOptional } from 'class-validator';
import { CatalogueConfig } from '../catalogue/catalogue.config.js';
import { loadPlanCatalogue } from '../catalogue/load-plan-catalogue.js';

/** What is sold: the same variables as the catalogue's, for the process that sells. In production there must be something. */
export class OfferConfig extends CatalogueConfig {
  @IsOptional()
  NODE_ENV?: string;

  /** In production also that the lowest paid plan has no price. */
  override findProblems(): string[] {
    const problems = super.findProblems();
    if (problems.length > 0 || this.NODE_ENV !== 'production') return problems;
    const { lowestPaid } = loadPlanCatalogue(this);
    return Object.keys(lowestPaid?.prices ?? {}).length > 0 ? [] : [NOTHING_TO_SELL];
  }
}

const NOTHING_TO_SELL =
  "STRIPE_PRICE_ID should be Stripe's id of the Pro plan's price, unless the lowest paid plan of PLANS_FILE has a price";
