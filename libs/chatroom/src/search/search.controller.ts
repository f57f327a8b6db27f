import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { ApiProblem, decodeCursor } from '@app/platform';
import { Controller, Get, Query } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { toMessageResponse } from '../messages/message.response.js';
import { SearchQuery } from './search.request.js';
import { SearchPageResponse } from './search.response.js';
import { SearchService } from './search.service.js';

/** Before the last message that was looked at. */
class SearchPosition {
  @IsUUID()
  id!: string;
}

/** Looks through all of a user's rooms. */
@ApiTags('Chatrooms')
@ApiBearerAuth()
@Controller('search')
export class SearchController {
  constructor(private readonly searches: SearchService) {}

  @Get()
  @RouteConfig({ hasOwnBound: true })
  @ApiOperation({
    operationId: 'search',
    summary: 'Find messages',
    description:
      'In all rooms of the user, archived ones too; newest first. Replies are found once they are finished. One call looks at 1 MiB of ' +
      'text or 2,000 messages at most: there may be fewer items than `limit`, even none, and a `nextCursor`, which goes on. Two at once ' +
      'per user.',
  })
  @ApiOkResponse({ type: SearchPageResponse })
  @ApiProblem(429, 'too_many_searches')
  @ApiProblem(503, 'search_unavailable')
  async search(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Query() { q, limit, cursor }: SearchQuery,
  ): Promise<SearchPageResponse> {
    const before = decodeCursor(SearchPosition, cursor)?.id;
    const { items, nextCursor } = await this.searches.find(userId, q, limit, before);
    const hits = items.map(({ snippet, ...row }) => ({
      chatroomId: row.chatroomId,
      message: toMessageResponse(row),
      snippet,
    }));
    return { items: hits, nextCursor };
  }
}
