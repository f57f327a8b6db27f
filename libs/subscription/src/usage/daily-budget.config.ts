import { AmountVariable } from '@app/platform';
import { IsOptional } from 'class-validator';

/** What the deployment may spend. */
export class DailyBudgetConfig {
  /**
   * US dollars that model calls may cost on one UTC day by the prices of the plans file. Once they are spent, users of the
   * plan that costs nothing get 503 `capacity_reached` until the day is over. Blank: no limit.
   */
  @IsOptional()
  @AmountVariable(1_000_000_000)
  DAILY_BUDGET_USD?: number;
}
