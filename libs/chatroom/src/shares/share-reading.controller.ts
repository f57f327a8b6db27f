import { Public, RateLimit } from '@app/auth';
import { ApiProblem, PathName } from '@app/platform';
import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { SHARED_HEADERS } from './share.errors.js';
import { SharedConversationResponse } from './share.response.js';
import { ShareService } from './share.service.js';
import { SHARE_TOKEN } from './share-token.js';

/** What anyone reads who has a link. */
@ApiTags('Sharing')
@Public()
@Controller('shared')
export class ShareReadingController {
  constructor(private readonly shares: ShareService) {}

  @Get(':token')
  @RateLimit('shared')
  @Header('X-Robots-Tag', SHARED_HEADERS['X-Robots-Tag'])
  @Header('Referrer-Policy', SHARED_HEADERS['Referrer-Policy'])
  @ApiOperation({
    operationId: 'readShared',
    summary: 'Read a shared conversation',
    description:
      'For everyone who has the link. One that was revoked, one whose room or account was deleted, and one that never was are answered alike.',
  })
  @ApiParam({
    name: 'token',
    schema: { type: 'string', pattern: SHARE_TOKEN },
    example: 'hK3vQ0t1Jm9xWcYb7dRzE5uLpA2sNf8G',
  })
  @ApiOkResponse({
    type: SharedConversationResponse,
    headers: {
      'X-Robots-Tag': { description: 'Keeps it out of search engines.', schema: { type: 'string' } },
      'Referrer-Policy': { description: 'Keeps the link out of other sites’ logs.', schema: { type: 'string' } },
    },
  })
  @ApiProblem(404, 'share_not_found')
  read(@PathName('token') token: string): Promise<SharedConversationResponse> {
    return this.shares.read(token);
  }
}
