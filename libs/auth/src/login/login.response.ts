import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** The number as it is stored, whether or not it was new. */
export class SignUpResponse {
  @ApiProperty({ description: 'E.164.', example: '+14155550123' })
  phone!: string;
}

/** A code is on its way, if the number has an account. */
export class SendOtpResponse {
  @ApiProperty({ format: 'uuid', example: '0197a1c0-0000-7000-8000-000000000002' })
  challengeId!: string;

  @ApiProperty({ type: 'integer', description: 'Seconds for which the code is good.', example: 300 })
  expiresIn!: number;

  @ApiProperty({ type: 'integer', description: 'Seconds until another code can be asked for.', example: 10 })
  resendAfter!: number;

  @ApiPropertyOptional({
    description: 'The code; only with `OTP_DELIVERY=response`, never in production.',
    example: '042137',
  })
  otp?: string;
}
