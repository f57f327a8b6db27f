import { ApiProblem } from '@app/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccountStore } from '../account/account.store.js';
import { RequestClient } from '../client/client.decorator.js';
import type { Client } from '../client/client.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { SessionService } from '../session/session.service.js';
import { Public } from '../token/public.decorator.js';
import { RefreshRequest } from './token.request.js';
import { TokensResponse } from './tokens.response.js';

/** Keeping a session alive. */
@ApiTags('Auth')
@ApiBearerAuth()
@Controller('auth')
export class TokenController {
  constructor(
    private readonly sessions: SessionService,
    private readonly accounts: AccountStore,
  ) {}

  @Post('refresh')
  @Public()
  @RateLimit('refresh')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'refreshTokens',
    summary: 'Exchange the refresh token for fresh tokens',
    description:
      'The refresh token is replaced by the one in the answer. Should the answer get lost, or several refreshes run at ' +
      'once, repeating the request within a minute gives the same new one, until the new access or refresh token has been used. ' +
      'Any other use of an old refresh token ends the session: someone else has a copy.',
  })
  @ApiOkResponse({ type: TokensResponse })
  @ApiProblem(401, 'refresh_token_reused', 'unauthenticated')
  async refresh(@Body() { refreshToken }: RefreshRequest, @RequestClient() client: Client): Promise<TokensResponse> {
    const tokens = await this.sessions.refresh(refreshToken, client);
    return new TokensResponse(tokens, await this.accounts.read(tokens.userId));
  }
}
