import { ApiProperty } from '@nestjs/swagger';
import { AccountResponse } from '../account/account.response.js';
import type { SessionTokens } from '../session/session.service.js';

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
