import { IsBoolean, IsIn, IsInt, IsOptional, IsPositive, IsString, Matches, Max, Min } from 'class-validator';
import type { CardOutcome } from '../account/records.js';

const MAX_SECONDS = 5 * 366 * 86_400;

/** How far to move the clock; one of the three properties. */
export class AdvanceRequest {
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_SECONDS)
  seconds?: number;

  @IsOptional()
  @IsPositive()
  @Max(MAX_SECONDS / 86_400)
  days?: number;

  /** Unix seconds. */
  @IsOptional()
  @IsInt()
  to?: number;
}

/** How the customer's next charges end. */
export class CardRequest {
  @IsIn(['succeeds', 'declines'])
  outcome!: CardOutcome;
}

/** A new subscription for the price that exists from the start. */
export class NewSubscriptionRequest {
  @IsString()
  customer!: string;

  /** Any status, also one that Stripe doesn't have. Without it the subscription is active, or what its first charge leads to. */
  @IsOptional()
  @Matches(/^[a-z_]+$/)
  status?: string;
}

/** A change to a subscription, as in Stripe's dashboard. */
export class SubscriptionChangeRequest {
  @IsOptional()
  @Matches(/^[a-z_]+$/)
  status?: string;

  @IsOptional()
  @IsBoolean()
  cancelAtPeriodEnd?: boolean;
}
