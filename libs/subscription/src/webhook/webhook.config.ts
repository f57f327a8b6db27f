import { Transform } from 'class-transformer';
import { ArrayMinSize, IsArray, IsOptional, Matches, ValidateIf } from 'class-validator';

/** How Stripe's webhooks are recognised. */
export class WebhookConfig {
  /** `production` for a deployment that faces the world. */
  @IsOptional()
  NODE_ENV?: string;

  /**
   * The signing secrets of the webhook endpoints, separated by commas: any of them is accepted, so that one can be
   * rolled, and a snapshot and a thin endpoint can be used at once. Required in production.
   */
  @ValidateIf(
    ({ NODE_ENV, STRIPE_WEBHOOK_SECRET: secrets }: WebhookConfig) => NODE_ENV === 'production' || secrets !== undefined,
  )
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.split(',').map((secret) => secret.trim()) : value,
  )
  @IsArray()
  @ArrayMinSize(1)
  @Matches(/^\S+$/, { each: true, message: '$property must be one or several secrets, separated by commas' })
  STRIPE_WEBHOOK_SECRET?: string[];
}
