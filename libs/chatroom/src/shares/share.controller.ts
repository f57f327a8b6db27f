import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { ApiProblem, NoBodyRequest, PageQuery, PathName } from '@app/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { SharePageResponse, ShareResponse } from './share.response.js';
import { ShareService } from './share.service.js';
import { SHARE_TOKEN } from './share-token.js';

/** Making and ending links to a room's conversation. Reading one is in `share-reading.controller.ts`. */
@ApiTags('Sharing')
@ApiBearerAuth()
@Controller('chatroom')
export class ShareController {
  constructor(private readonly shares: ShareService) {}

  @Post(':id/share')
  @ApiOperation({
    operationId: 'shareChatroom',
    summary: 'Share a conversation by a link',
    description:
      'Whoever has the link reads the conversation as it is now, without an account. It shows the title, and what the model is shown: ' +
      'each question with the text of the newest variant of its reply that is finished and has any, without exchanges that ended `blocked`; ' +
      'nothing of the user, of the model or of the instructions. It stays the same whatever becomes of the room, and ends when ' +
      'it is revoked, or with the room or the account. Of a long room it has the newest 1,000 exchanges, or about 512 KiB of text. A room ' +
      'has at most 100 shares.',
  })
  @ApiCreatedResponse({ type: ShareResponse })
  @ApiProblem(404, 'chatroom_not_found')
  @ApiProblem(409, 'nothing_to_share', 'too_many_shares')
  create(
    @Body() _nothing: NoBodyRequest,
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
  ): Promise<ShareResponse> {
    return this.shares.create(userId, chatroomId);
  }

  @Get(':id/share')
  @ApiOperation({ operationId: 'listShares', summary: 'List the shares of a room', description: 'The newest first.' })
  @ApiOkResponse({ type: SharePageResponse })
  @ApiProblem(404, 'chatroom_not_found')
  page(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Query() page: PageQuery,
  ): Promise<SharePageResponse> {
    return this.shares.page(userId, chatroomId, page);
  }

  @Delete(':id/share/:token')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeShare',
    summary: 'End a share',
    description:
      'Its link shows nothing any more, at once and everywhere. What others have copied meanwhile stays with them.',
  })
  @ApiParam({
    name: 'token',
    schema: { type: 'string', pattern: SHARE_TOKEN },
    example: 'hK3vQ0t1Jm9xWcYb7dRzE5uLpA2sNf8G',
  })
  @ApiNoContentResponse()
  @ApiProblem(404, 'share_not_found')
  revoke(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @PathName('token') token: string,
  ): Promise<void> {
    return this.shares.revoke(userId, chatroomId, token);
  }
}
