import { IsOptional, IsString, Matches, MinLength, ValidateIf } from 'class-validator';

/**
 * How to reach Stripe. Without a key nothing is sold: everyone stays on their last known plan, and checkout and portal
 * answer 503. In production the key is required.
 */
export class StripeConfig {
  @IsOptional()
  NODE_ENV?: string;

  /** A secret or restricted API key; a test key in any place but production. */
  @ValidateIf(({ NODE_ENV, STRIPE_SECRET_KEY: key }: StripeConfig) => NODE_ENV === 'production' || key !== undefined)
  @IsString()
  @MinLength(1)
  STRIPE_SECRET_KEY?: string;

  /** The origin of a stand-in for Stripe's API; empty: Stripe itself. */
  @IsOptional()
  @Matches(/^https?:\/\/[^/?#\s]+\/?$/, { message: '$property must be an origin such as http://127.0.0.1:9200' })
  STRIPE_API_BASE_URL?: string;
}
