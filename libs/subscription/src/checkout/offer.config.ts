import { CatalogueConfig } from '../catalogue/catalogue.config.js';
import { loadPlanCatalogue } from '../catalogue/load-plan-catalogue.js';

/** What is sold: the same variables as the catalogue's, for the process that sells. In production there must be something. */
export class OfferConfig extends CatalogueConfig {
  /** In production also that the lowest paid plan has no price. */
  override findProblems(isProduction = true): string[] {
    const problems = super.findProblems();
    if (problems.length > 0 || !isProduction) return problems;
    const { lowestPaid } = loadPlanCatalogue(this);
    return Object.keys(lowestPaid?.prices ?? {}).length > 0 ? [] : [NOTHING_TO_SELL];
  }
}

const NOTHING_TO_SELL =
  "STRIPE_PRICE_ID should be Stripe's id of the Pro plan's price, unless the lowest paid plan of PLANS_FILE has a price";
