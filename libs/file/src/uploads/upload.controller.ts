import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { ApiProblem } from '@app/platform';
import { Controller, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FileResponse, toFileResponse } from '../files/file.response.js';
import { UploadForm } from './upload-form.js';
import { UploadService } from './upload.service.js';

/** Takes what people add to their messages. */
@ApiTags('Files')
@ApiBearerAuth()
@Controller('file')
export class UploadController {
  constructor(private readonly uploads: UploadService) {}

  @Post()
  @RouteConfig({ takesFile: true, hasOwnBound: true })
  @ApiOperation({
    operationId: 'uploadFile',
    summary: 'Upload a file',
    description:
      'An image (PNG, JPEG, WebP, HEIC, HEIF), a PDF, a text in UTF-8, or a sound (WAV, MP3, AIFF, AAC, Ogg, FLAC, M4A, WebM). The content ' +
      'says which, not the name. Your plan has a largest size and an amount of storage. A file that no message has is deleted after ' +
      '24 hours. Ten uploads at once per user.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      properties: { file: { type: 'string', format: 'binary', description: 'The file, with its name.' } },
      required: ['file'],
      additionalProperties: false,
    },
  })
  @ApiCreatedResponse({
    type: FileResponse,
    headers: { Location: { description: 'Where the file is.', schema: { type: 'string' } } },
  })
  @ApiProblem(409, 'storage_full')
  @ApiProblem(413, 'file_too_large')
  @ApiProblem(415, 'file_type_not_supported')
  @ApiProblem(429, 'too_many_uploads')
  async upload(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FileResponse> {
    const { raw } = request;
    const hungUp = new AbortController();
    raw.once('close', () => raw.readableEnded || hungUp.abort());
    const announcedBytes = Number(request.headers['content-length'] ?? Infinity);
    try {
      const file = await this.uploads.upload(userId, {
        form: new UploadForm(request),
        announcedBytes,
        signal: hungUp.signal,
      });
      void reply.header('Location', `/file/${file.id}`);
      return toFileResponse(file);
    } catch (error) {
      // What is still to come is no part of a form any more: whoever answers drops it.
      raw.unpipe();
      raw.resume();
      throw error;
    }
  }
}
