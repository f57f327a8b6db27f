import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { AccountResponse } from '../account/account.response.js';
import type { SessionTokens } from '../session/session.service.js';

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

/** A session's tokens. */
export class TokensResponse {
  @ApiProperty({ description: 'A JWT for the `Authorization` header.', example: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln' })
  accessToken: string;

  @ApiProperty({ enum: ['Bearer'], example: 'Bearer' })
  tokenType = 'Bearer' as const;

  @ApiProperty({ type: 'integer', description: 'Seconds for which the access token is good.', example: 900 })
  expiresIn: number;

  @ApiProperty({ description: 'Good for one refresh.', example: 'pS1…' })
  refreshToken: string;

  @ApiProperty({ type: 'integer', description: 'Seconds for which the refresh token is good.', example: 2592000 })
  refreshExpiresIn: number;

  @ApiProperty({ type: AccountResponse })
  user: AccountResponse;

  constructor({ accessToken, expiresIn, refreshToken, refreshExpiresIn }: SessionTokens, user: AccountResponse) {
    this.accessToken = accessToken;
    this.expiresIn = expiresIn;
    this.refreshToken = refreshToken;
    this.refreshExpiresIn = refreshExpiresIn;
    this.user = user;
  }
}
