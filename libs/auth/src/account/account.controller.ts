import type { Readable } from 'node:stream';
import { ApiProblem, Clock } from '@app/platform';
import { Body, Controller, Delete, Get, HttpCode, Patch, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { CurrentUser } from '../token/current-user.decorator.js';
import { AccountErasureService } from './account-erasure.service.js';
import { AccountExportService } from './account-export.service.js';
import { UpdateAccountRequest } from './account.request.js';
import { AccountResponse } from './account.response.js';
import { AccountStore } from './account.store.js';

/** The user's own account. */
@ApiTags('Account')
@ApiBearerAuth()
@Controller('user/me')
export class AccountController {
  constructor(
    private readonly accounts: AccountStore,
    private readonly exports: AccountExportService,
    private readonly erasure: AccountErasureService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getAccount', summary: 'Read the account' })
  @ApiOkResponse({ type: AccountResponse })
  read(@CurrentUser() { userId }: AuthenticatedUser): Promise<AccountResponse> {
    return this.accounts.read(userId);
  }

  @Patch()
  @ApiOperation({ operationId: 'updateAccount', summary: 'Change the account' })
  @ApiOkResponse({ type: AccountResponse })
  update(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Body() { name }: UpdateAccountRequest,
  ): Promise<AccountResponse> {
    return this.accounts.rename(userId, name);
  }

  @Get('export')
  @ApiOperation({
    operationId: 'exportAccount',
    summary: 'Download everything that is held of the user',
    description:
      'One JSON file: `account`, `sessions`, and a part for each feature. Without secrets. It is written while it is read from the ' +
      'database; if that fails half-way, or the session ends, the connection is cut. One at a time.',
  })
  @ApiOkResponse({
    description: 'The file.',
    headers: {
      'Content-Disposition': { schema: { type: 'string' }, example: 'attachment; filename="account-2026-11-23.json"' },
      'Cache-Control': { schema: { type: 'string', enum: ['no-store, no-transform'] } },
    },
    schema: { type: 'object', additionalProperties: true },
  })
  @ApiProblem(409, 'export_in_progress')
  @ApiProblem(503, 'too_many_exports')
  async export(
    @CurrentUser() user: AuthenticatedUser,
    @Req() { method }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable | null> {
    // HEAD asks for the headers alone.
    const file = method === 'HEAD' ? null : await this.exports.stream(user);
    const day = this.clock.now().toISOString().slice(0, 10);
    void reply.headers({
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Disposition': `attachment; filename="account-${day}.json"`,
      'Cache-Control': 'no-store, no-transform',
    });
    return file;
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteAccount',
    summary: 'Delete the account and everything in it',
    description: 'Replies that are being written stop, a subscription is cancelled, all sessions end. For good.',
  })
  @ApiNoContentResponse()
  delete(@CurrentUser() { userId }: AuthenticatedUser): Promise<void> {
    return this.erasure.erase(userId);
  }
}
