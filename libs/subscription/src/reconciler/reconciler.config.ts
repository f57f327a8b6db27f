import { IntegerVariable } from '@app/platform';

/** How the worker looks after what webhooks missed. */
export class ReconcilerConfig {
  /** Seconds between two readings of Stripe's list of events. */
  @IntegerVariable(1, 3_600)
  STRIPE_RECONCILE_SECONDS = 60;
}
