import { IsBoolean, IsIn, IsInt, IsObject, IsOptional, IsPositive, IsString, Matches, Max, Min } from 'class-validator';
import { type CardOutcome, type Interval, intervals } from '../account/records.js';

const MOST_SECONDS = 5 * 366 * 86_400;

/** How far the clock is to be moved; one of the three. */
export class AdvanceRequest {
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_SECONDS)
  seconds?: number;

  @IsOptional()
  @IsPositive()
  @Max(MOST_SECONDS / 86_400)
  days?: number;

  /** Unix seconds. */
  @IsOptional()
  @IsInt()
  to?: number;
}

export class CardRequest {
  @IsIn(['succeeds', 'declines'])
  outcome!: CardOutcome;
}

export class NewSubscriptionRequest {
  @IsString()
  customer!: string;

  @IsOptional()
  @IsString()
  price?: string;

  @IsOptional()
  @Matches(/^[a-z_]+$/)
  status?: string;

  @IsOptional()
  @IsInt()
  @IsPositive()
  trialDays?: number;

  @IsOptional()
  @IsObject()
  metadata?: Record<string, string>;
}

export class SubscriptionChangeRequest {
  @IsOptional()
  @Matches(/^[a-z_]+$/)
  status?: string;

  @IsOptional()
  @IsBoolean()
  cancelAtPeriodEnd?: boolean;
}

export class NewPriceRequest {
  @Matches(/^price_\w+$/)
  id!: string;

  @IsOptional()
  @IsInt()
  @Min(0)
  unitAmount?: number;

  @IsOptional()
  @Matches(/^[a-z]{3}$/)
  currency?: string;

  @IsOptional()
  @IsIn(intervals)
  interval?: Interval;

  @IsOptional()
  @IsString()
  product?: string;
}

export class NewEventRequest {
  @Matches(/^[a-z0-9_.]+$/)
  type!: string;

  @IsOptional()
  @IsObject()
  object?: Record<string, unknown>;
}
