import { ApiProblem, AuditTrail, NoBodyRequest, PageQuery } from '@app/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { CurrentUser } from '../token/current-user.decorator.js';
import { SessionListService } from './session-list.service.js';
import { SessionRevocationService } from './session-revocation.service.js';
import { SessionNotFoundError } from './session.errors.js';
import { SessionPageResponse } from './session.response.js';

/** Listing and ending sessions. */
@ApiTags('Auth')
@ApiBearerAuth()
@Controller('auth')
export class SessionController {
  constructor(
    private readonly list: SessionListService,
    private readonly revocations: SessionRevocationService,
    private readonly audit: AuditTrail,
  ) {}

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
    await this.audit.write({ action: 'logout', userId, sessionId });
  }

  @Get('sessions')
  @ApiOperation({ operationId: 'listSessions', summary: 'Where the user is logged in' })
  @ApiOkResponse({ type: SessionPageResponse })
  page(@CurrentUser() user: AuthenticatedUser, @Query() query: PageQuery): Promise<SessionPageResponse> {
    return this.list.page(user, query);
  }

  @Delete('sessions')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'endOtherSessions',
    summary: 'End all sessions but this one',
    description: 'Their tokens stop working at once, everywhere.',
  })
  @ApiNoContentResponse()
  async endOthers(@CurrentUser() { userId, sessionId }: AuthenticatedUser): Promise<void> {
    await this.revocations.revokeOthers(userId, sessionId);
    await this.audit.write({ action: 'session_ended', userId, detail: { allBut: sessionId } });
  }

  @Delete('sessions/:id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'endSession', summary: 'End a session, this one or another' })
  @ApiNoContentResponse()
  @ApiProblem(404, 'session_not_found')
  async end(@CurrentUser() { userId }: AuthenticatedUser, @Param('id') id: string): Promise<void> {
    if (!(await this.revocations.revoke(id, userId))) throw new SessionNotFoundError();
    await this.audit.write({ action: 'session_ended', userId, sessionId: id });
  }
}
