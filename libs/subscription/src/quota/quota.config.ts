import { IntegerVariable } from '@app/platform';

/** What the Basic plan allows. */
export class QuotaConfig {
  /** Messages that a Basic user may send on one UTC day. */
  @IntegerVariable(0, 1_000_000)
  BASIC_DAILY_MESSAGES = 5;
}
