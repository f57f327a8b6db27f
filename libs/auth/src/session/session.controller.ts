import { ApiProblem, NoBodyRequest, PageQuery } from '@app/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { CurrentUser } from '../token/current-user.decorator.js';
import { Public } from '../token/public.decorator.js';
import { AccountStore } from '../account/account.store.js';
import { SessionNotFoundError } from '../auth.errors.js';
import { TokensResponse } from '../login/login.response.js';
import { RequestClient } from '../client/client.decorator.js';
import { SessionListService } from './session-list.service.js';
import { SessionRevocationService } from './session-revocation.service.js';
import type { Client } from './session.store.js';
import { RefreshRequest } from '../login/token.request.js';
import { SessionPageResponse } from './session.response.js';
import { SessionService } from './session.service.js';

/** Keeping and ending sessions. */
@ApiTags('Auth')
@ApiBearerAuth()
@Controller('auth')
export class SessionController {
  constructor(
    private readonly sessions: SessionService,
    private readonly list: SessionListService,
    private readonly revocations: SessionRevocationService,
    private readonly accounts: AccountStore,
  ) {}

  @Post('refresh')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'refreshTokens',
    summary: 'Exchange the refresh token for fresh tokens',
    description:
      'The refresh token is replaced by the one in the answer. Should the answer get lost, or several refreshes run at ' +
      'once, repeating the request within a minute gives the same new one. An older refresh token ends the session: ' +
      'someone else has a copy.',
  })
  @ApiOkResponse({ type: TokensResponse })
  @ApiProblem(401, 'refresh_token_reused', 'unauthenticated')
  async refresh(@Body() { refreshToken }: RefreshRequest, @RequestClient() client: Client): Promise<TokensResponse> {
    const tokens = await this.sessions.refresh(refreshToken, client);
    return new TokensResponse(tokens, await this.accounts.read(tokens.userId));
  }

  @Post('logout')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'logOut',
    summary: 'End this session',
    description: 'Its tokens stop working at once, everywhere.',
  })
  @ApiNoContentResponse()
  async logOut(
    @Body() _nothing: NoBodyRequest,
    @CurrentUser() { userId, sessionId }: AuthenticatedUser,
  ): Promise<void> {
    await this.revocations.revoke(sessionId, userId);
  }

  @Get('sessions')
  @ApiOperation({ operationId: 'listSessions', summary: 'Where the user is logged in' })
  @ApiOkResponse({ type: SessionPageResponse })
  page(@CurrentUser() user: AuthenticatedUser, @Query() query: PageQuery): Promise<SessionPageResponse> {
    return this.list.page(user, query);
  }

  @Delete('sessions/:id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'endSession', summary: 'End a session, this one or another' })
  @ApiNoContentResponse()
  @ApiProblem(404, 'session_not_found')
  async end(@CurrentUser() { userId }: AuthenticatedUser, @Param('id') id: string): Promise<void> {
    if (!(await this.revocations.revoke(id, userId))) throw new SessionNotFoundError();
  }
}
