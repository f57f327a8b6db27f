import { EndpointVariable, RequiredInProduction, SecretVariable } from '@app/platform';
import { IsOptional, Matches } from 'class-validator';

/**
 * How to reach Stripe. Without a key nothing is sold: everyone stays on their last known plan, and checkout and portal
 * answer 503. In production the key is required.
 */
export class StripeConfig {
  /** A secret or restricted API key. Of Stripe's test mode outside of production and in staging; the sandbox's own is refused in production. */
  @RequiredInProduction()
  @SecretVariable()
  STRIPE_SECRET_KEY?: string;

  /** The origin of a stand-in for Stripe's API; empty: Stripe itself. */
  @IsOptional()
  @EndpointVariable()
  @Matches(/^https?:\/\/[^/?#\s]+\/?$/, { message: '$property must be an origin such as http://127.0.0.1:9200' })
  STRIPE_API_BASE_URL?: string;
}
