import { MODEL_NAME } from '@app/contracts';
import { ConfigError, IntegerVariable, type SelfCheckingConfig } from '@app/platform';
import { IsOptional, IsString, Matches, MinLength } from 'class-validator';
import { type CatalogueSettings, loadPlanCatalogue } from './load-plan-catalogue.js';

/** Plans and models; docs/plans.md explains the file. */
export class CatalogueConfig implements CatalogueSettings, SelfCheckingConfig {
  /** A JSON file with the plans and models on offer, from the working directory. Blank: `plans.json`, which ships. */
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

  /**
   * Stripe's id of the Pro plan's monthly price, in place of the file's. In production it is required unless the lowest paid
   * plan of the file has a price.
   */
  @IsOptional()
  @IsString()
  @MinLength(1)
  STRIPE_PRICE_ID?: string;

  /** What is wrong with the file, so that a process says so before anything connects. */
  findProblems(): string[] {
    try {
      loadPlanCatalogue(this);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  }
}
