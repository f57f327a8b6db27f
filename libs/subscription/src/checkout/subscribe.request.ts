import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { type Interval, INTERVALS } from '../catalogue/plan-catalogue.js';

/** Clients that write absent properties as null get the default too. */
const NullIsAbsent = () => Transform(({ value }: { value: unknown }) => value ?? undefined);

/** How often to pay, and where to come back to from the checkout. */
export class SubscribeRequest {
  @ApiPropertyOptional({
    enum: INTERVALS,
    default: 'month',
    description: 'How often the plan is paid; one of the intervals that `GET /plans` lists for it.',
    example: 'month',
  })
  @Transform(({ value }: { value: unknown }) => value ?? 'month')
  @IsIn(INTERVALS)
  interval: Interval = 'month';

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'uri',
    maxLength: 2_000,
    description:
      'After paying, such as `https://app.example.com/welcome`; of an allowed origin, null for the default. `{CHECKOUT_SESSION_ID}` in it is replaced. The webhook may come a moment later than the user.',
    example: null,
  })
  @NullIsAbsent()
  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  successUrl?: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'uri',
    maxLength: 2_000,
    description: 'Without having paid; of an allowed origin, null for the default.',
    example: null,
  })
  @NullIsAbsent()
  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  cancelUrl?: string;
}
