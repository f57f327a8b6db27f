import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';

/** Where to come back to from the checkout. */
export class SubscribeRequest {
  @ApiPropertyOptional({
    format: 'uri',
    maxLength: 2_000,
    description:
      'After paying; of an allowed origin. `{CHECKOUT_SESSION_ID}` in it is replaced. The webhook may come a moment later than the user.',
    example: 'http://localhost:3000/welcome',
  })
  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  successUrl?: string;

  @ApiPropertyOptional({
    format: 'uri',
    maxLength: 2_000,
    description: 'Without having paid; of an allowed origin.',
    example: 'http://localhost:3000/pricing',
  })
  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  cancelUrl?: string;
}
