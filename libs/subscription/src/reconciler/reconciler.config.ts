import { IntegerVariable } from '@app/platform';

/** How the worker finds events whose webhook never arrived. */
export class ReconcilerConfig {
  /** Seconds between two readings of Stripe's list of events. */
  @IntegerVariable(1, 3_600)
  STRIPE_RECONCILE_SECONDS = 60;
}
