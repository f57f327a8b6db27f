import { Readable } from 'node:stream';
import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { ApiProblem, StreamMetrics } from '@app/platform';
import { Controller, Delete, Get, Headers, HttpCode, Param, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FileRecordStore } from '../files/file-record.store.js';
import { FileResponse, toFileResponse } from '../files/file.response.js';
import { contentHeaders, entityTag, isKnown, rangeOf } from './content-headers.js';
import { FileContentService } from './file-content.service.js';

/** A reader that has taken nothing for so long is not reading. */
const STALLED_MS = 60_000;

/** HEAD asks for the headers alone; only of a stream Fastify leaves the length as it was said. */
const nothing = () => Readable.from([]);

const text = (description: string, example: string) => ({ description, schema: { type: 'string' as const }, example });

const CONTENT_HEADERS = {
  'Content-Disposition': text(
    'The name, and `attachment` for what is not an image, a sound or a PDF.',
    'inline; filename="cat.png"',
  ),
  'Content-Length': text('The number of bytes that follow.', '482113'),
  'Accept-Ranges': text('Parts can be asked for.', 'bytes'),
  ETag: text('For `If-None-Match` and `If-Range`.', '"01936b2f-2d4e-7c1a-9b7f-5e2d8c4a1f60"'),
  'Cache-Control': text('For the own cache of the client.', 'private, no-cache'),
};

const BYTES = { '*/*': { schema: { type: 'string' as const, format: 'binary' } } };

/** A user's files. Uploading one is in `uploads/upload.controller.ts`. */
@ApiTags('Files')
@ApiBearerAuth()
@Controller('file')
export class FileController {
  constructor(
    private readonly records: FileRecordStore,
    private readonly contents: FileContentService,
    private readonly streams: StreamMetrics,
  ) {}

  @Get(':id')
  @ApiOperation({ operationId: 'readFile', summary: 'Read what is known about a file' })
  @ApiOkResponse({ type: FileResponse })
  @ApiProblem(404, 'file_not_found')
  async read(@CurrentUser() { userId }: AuthenticatedUser, @Param('id') id: string): Promise<FileResponse> {
    return toFileResponse(await this.records.find(userId, id));
  }

  @Get(':id/content')
  @ApiOperation({
    operationId: 'downloadFile',
    summary: 'Download a file',
    description: 'All of it, or one part by `Range`. It never changes.',
  })
  @ApiHeader({
    name: 'Range',
    required: false,
    description: 'One part: `bytes=0-1023`. Several are answered by the whole.',
  })
  @ApiHeader({ name: 'If-Range', required: false, description: 'The `ETag` for which the part is wanted.' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'An `ETag` that is there already.' })
  @ApiOkResponse({ description: 'The file.', headers: CONTENT_HEADERS, content: BYTES })
  @ApiResponse({
    status: 206,
    description: 'The part.',
    headers: { ...CONTENT_HEADERS, 'Content-Range': text('Which part it is.', 'bytes 0-1023/482113') },
    content: BYTES,
  })
  @ApiResponse({ status: 304, description: 'The client has it already.', headers: { ETag: CONTENT_HEADERS.ETag } })
  @ApiProblem(404, 'file_not_found')
  @ApiProblem(416, 'range_not_satisfiable')
  @ApiProblem(429, 'too_many_downloads')
  async download(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') id: string,
    @Headers() headers: FastifyRequest['headers'],
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable | undefined> {
    const file = await this.records.find(userId, id);
    if (isKnown(file, headers['if-none-match'])) {
      const { ETag, 'Cache-Control': cached } = contentHeaders(file);
      void reply.status(304).headers({ ETag, 'Cache-Control': cached });
      return request.method === 'HEAD' ? nothing() : undefined;
    }
    const isCurrent = headers['if-range'] === undefined || headers['if-range'] === entityTag(file);
    const part = isCurrent ? rangeOf(file, headers.range) : null;
    const range = part ?? { start: 0, end: file.bytes - 1 };
    // A store that is away holds up downloads alone, and not what else their user asks for.
    request.endTurn?.();
    const stream = request.method === 'HEAD' ? nothing() : await this.contents.stream(userId, file, range, reply.raw);
    // Who asked hung up while the first bytes were awaited.
    if (reply.raw.destroyed) return undefined;
    void reply
      .status(part === null ? 200 : 206)
      .headers(contentHeaders(file))
      .header('Content-Length', range.end - range.start + 1);
    if (part !== null) void reply.header('Content-Range', `bytes ${range.start}-${range.end}/${file.bytes}`);
    this.watch(reply);
    return stream;
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteFile',
    summary: 'Delete a file',
    description: 'One that a message has is deleted with the message.',
  })
  @ApiNoContentResponse()
  @ApiProblem(404, 'file_not_found')
  @ApiProblem(409, 'file_in_use')
  async delete(@CurrentUser() { userId }: AuthenticatedUser, @Param('id') id: string): Promise<void> {
    await this.records.delete(userId, id);
  }

  /** Ends what no one reads any more, and measures it as what lasts as long as its reader takes. */
  private watch({ raw }: FastifyReply): void {
    this.streams.begin(raw);
    raw.setTimeout(STALLED_MS, () => raw.destroy());
  }
}
