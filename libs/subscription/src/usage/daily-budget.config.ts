import { Transform } from 'class-transformer';
import { IsNumber, IsOptional, IsPositive, Max } from 'class-validator';

/** What the deployment may spend. */
export class DailyBudgetConfig {
  /**
   * US dollars that model calls may cost on one UTC day by the prices of the plans file. Once they are spent, users of the
   * plan that costs nothing get 503 `capacity_reached` until the day is over. Blank: no limit.
   */
  @IsOptional()
  @Transform(({ value }) => Number(value))
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @IsPositive()
  @Max(1_000_000_000)
  DAILY_BUDGET_USD?: number;
}
