import { ApiProperty } from '@nestjs/swagger';

/** The daily quota as its owner sees it. */
export class QuotaResponse {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    minimum: 0,
    description: 'Messages a UTC day; null: the plan has no limit.',
    example: 5,
  })
  limit!: number | null;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Messages spent today, refunds taken off.', example: 2 })
  used!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    minimum: 0,
    description: 'Messages left today; null: the plan has no limit.',
    example: 3,
  })
  remaining!: number | null;

  @ApiProperty({ format: 'date-time', description: 'The next midnight in UTC.', example: '2026-11-24T00:00:00.000Z' })
  resetsAt!: string;
}

/** A user's plan, what Stripe says about it, and the quota that follows. */
export class SubscriptionStatusResponse {
  @ApiProperty({ description: 'The plan that counts now: a key of the catalogue.', example: 'pro' })
  plan!: string;

  @ApiProperty({
    description:
      "Stripe's own word for the subscription (`active`, `trialing`, `past_due`, `unpaid`, `paused`, `incomplete`, " +
      '`incomplete_expired`, `canceled`, …), or `none` without one; words may be added. `past_due` keeps its plan for a grace period.',
    example: 'active',
  })
  status!: string;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'When the paid period ends; null without a subscription.',
    example: '2026-12-23T09:30:00.000Z',
  })
  currentPeriodEnd!: string | null;

  @ApiProperty({ description: 'The subscription was cancelled and ends with its period.', example: false })
  cancelAtPeriodEnd!: boolean;

  @ApiProperty({ type: QuotaResponse })
  quota!: QuotaResponse;
}
