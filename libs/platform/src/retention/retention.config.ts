import { IntegerVariable } from '../config/integer-variable.decorator.js';

const MAX_DAYS = 3_650;

/** How long rows are kept that expire; docs/retention.md says what holds for each table. */
export class RetentionConfig {
  /** Days for which the ledger of model calls is kept (`GET /usage`), also that of deleted accounts. The default lets a year be compared with the one before it. */
  @IntegerVariable(35, MAX_DAYS)
  USAGE_DAYS = 400;

  /** Days for which is kept how much of the daily allowance was used. Only the UTC day that goes on decides anything. */
  @IntegerVariable(2, MAX_DAYS)
  DAILY_USAGE_DAYS = 35;

  /** Days for which ids of Stripe's events are kept, so that none counts twice. Stripe lists events for 30 days. */
  @IntegerVariable(31, MAX_DAYS)
  STRIPE_EVENT_DAYS = 40;

  /** Days until a sign-up goes whose number was never verified. */
  @IntegerVariable(1, 30)
  UNVERIFIED_ACCOUNT_DAYS = 1;
}

/** A variable that says for how many days rows are kept. */
export type RetentionSetting = keyof RetentionConfig;
