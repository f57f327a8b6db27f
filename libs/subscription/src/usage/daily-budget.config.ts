import { Transform } from 'class-transformer';
import { IsNumber, IsOptional, IsPositive, Max } from 'class-validator';

/** Digits, perhaps with a fraction: no exponent, sign, other base or white space. */
const AMOUNT = /^\d+(?:\.\d+)?$/;

/** What the deployment may spend. */
export class DailyBudgetConfig {
  /**
   * US dollars that model calls may cost on one UTC day by the prices of the plans file. Once they are spent, users of the
   * plan that costs nothing get 503 `capacity_reached` until the day is over. Blank: no limit.
   */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && AMOUNT.test(value) ? Number(value) : value,
  )
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @IsPositive()
  @Max(1_000_000_000)
  DAILY_BUDGET_USD?: number;
}
