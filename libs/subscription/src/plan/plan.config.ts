import { IntegerVariable } from '@app/platform';

/** How plans follow from what Stripe says. */
export class PlanConfig {
  /** Days that a `past_due` subscription keeps its plan, while Stripe tries to collect. */
  @IntegerVariable(0, 90)
  PAST_DUE_GRACE_DAYS = 7;
}
