import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** What the Basic plan allows. */
export class QuotaConfig {
  /** Messages that a Basic user may send on one UTC day. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  BASIC_DAILY_MESSAGES = 5;
}
