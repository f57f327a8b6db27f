import { MODEL_NAME } from '@app/contracts';
import { IntegerVariable } from '@app/platform';
import { IsOptional, IsString, Matches, MinLength } from 'class-validator';

/** Plans and models. */
export class CatalogueConfig {
  /** A JSON file with the plans and models on offer, like `plans.json`, which holds without it. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  PLANS_FILE?: string;

  /** The default model of plans that name none. An alias such as the default follows Google's newest. */
  @Matches(MODEL_NAME)
  GEMINI_MODEL = 'gemini-flash-latest';

  /** Messages that a Basic user may send on one UTC day, in place of the file's `dailyMessages`. */
  @IsOptional()
  @IntegerVariable(0, 1_000_000)
  BASIC_DAILY_MESSAGES?: number;

  /** Stripe's id of the Pro plan's monthly price, in place of the file's. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  STRIPE_PRICE_ID?: string;
}
