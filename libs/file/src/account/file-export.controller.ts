import type { Readable } from 'node:stream';
import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { ApiProblem, Clock } from '@app/platform';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FileExportService } from './file-export.service.js';

/** The files of the user's own account, all at once. */
@ApiTags('Account')
@ApiBearerAuth()
@Controller('user/me/export')
export class FileExportController {
  constructor(
    private readonly exports: FileExportService,
    private readonly clock: Clock,
  ) {}

  @Get('files')
  @ApiOperation({
    operationId: 'exportFiles',
    summary: 'Download all files of the user',
    description:
      'One ZIP archive: each file under its id and its name. `files` of `GET /user/me/export` says what is known about them. It is written ' +
      'while the files are read; if that fails half-way, or the session ends, the connection is cut. One export at a time, of either kind.',
  })
  @ApiOkResponse({
    description: 'The archive.',
    headers: {
      'Content-Disposition': { schema: { type: 'string' }, example: 'attachment; filename="files-2026-11-23.zip"' },
      'Cache-Control': { schema: { type: 'string', enum: ['no-store, no-transform'] } },
    },
    content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiProblem(409, 'export_in_progress')
  @ApiProblem(503, 'too_many_exports')
  async export(
    @CurrentUser() user: AuthenticatedUser,
    @Req() { method }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable | null> {
    // HEAD asks for the headers alone.
    const archive = method === 'HEAD' ? null : await this.exports.stream(user);
    const day = this.clock.now().toISOString().slice(0, 10);
    void reply.headers({
      'Content-Type': 'application/zip',
      'Content-Disposition': `attachment; filename="files-${day}.zip"`,
      'Cache-Control': 'no-store, no-transform',
    });
    return archive;
  }
}
