import { IsBoolean, IsIn, IsInt, IsOptional, IsPositive, IsString, Matches, Max, Min } from 'class-validator';
import type { CardOutcome, Interval } from '../account/records.js';

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

/** A new price with a product of its own, or other terms of a price. */
export class NewPriceRequest {
  @IsString()
  id!: string;

  @IsOptional()
  @IsIn(['month', 'year'])
  interval?: Interval;

  /** The product's name; the price's id unless given. */
  @IsOptional()
  @IsString()
  name?: string;

  /** In cents of a US dollar. */
  @IsOptional()
  @IsInt()
  @Min(0)
  amount?: number;
}

/** A new subscription. */
export class NewSubscriptionRequest {
  @IsString()
  customer!: string;

  /** Pro's monthly one unless given. */
  @IsOptional()
  @IsString()
  price?: string;

  /** Any status, also one that Stripe doesn't have. Without it the subscription is active, or what its first charge leads to. */
  @IsOptional()
  @Matches(/^[a-z_]+$/)
  status?: string;
}

/** A change to a subscription, as in Stripe's dashboard. */
export class SubscriptionChangeRequest {
  /** Changed before the status. */
  @IsOptional()
  @IsString()
  price?: string;

  @IsOptional()
  @Matches(/^[a-z_]+$/)
  status?: string;

  @IsOptional()
  @IsBoolean()
  cancelAtPeriodEnd?: boolean;
}
