import { RequiredInProduction, SecretVariable } from '@app/platform';
import { Transform } from 'class-transformer';
import { ArrayMinSize, IsArray, Matches } from 'class-validator';

/** How Stripe's webhooks are recognised. */
export class WebhookConfig {
  /**
   * The signing secrets of the webhook endpoints, separated by commas: any of them is accepted, so that one can be
   * rolled, and a snapshot and a thin endpoint can be used at once. Required in production.
   */
  @RequiredInProduction()
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.split(',').map((secret) => secret.trim()) : value,
  )
  @IsArray()
  @ArrayMinSize(1)
  @SecretVariable()
  @Matches(/^\S+$/, { each: true, message: '$property must be one or several secrets, separated by commas' })
  STRIPE_WEBHOOK_SECRET?: string[];
}
