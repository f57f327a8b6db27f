import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { decodeCursor, readPage } from '@app/platform';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { toMessageResponse } from '../messages/message.response.js';
import { SearchQuery } from './search.request.js';
import { SearchPageResponse } from './search.response.js';
import { SearchStore } from './search.store.js';

/** Before the oldest message of a page. */
class SearchPosition {
  @IsUUID()
  id!: string;
}

/** Looks through all of a user's rooms. */
@ApiTags('Chatrooms')
@ApiBearerAuth()
@Controller('search')
export class SearchController {
  constructor(private readonly store: SearchStore) {}

  @Get()
  @ApiOperation({
    operationId: 'search',
    summary: 'Find messages',
    description: 'In all rooms of the user, archived ones too; newest first. Replies are found once they are finished.',
  })
  @ApiOkResponse({ type: SearchPageResponse })
  async search(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Query() { q, limit, cursor }: SearchQuery,
  ): Promise<SearchPageResponse> {
    const before = decodeCursor(SearchPosition, cursor)?.id;
    const read = (count: number) => this.store.find(userId, q, count, before);
    const { items, nextCursor } = await readPage(limit, read, ({ id }): SearchPosition => ({ id }));
    const hits = items.map(({ snippet, ...row }) => ({
      chatroomId: row.chatroomId,
      message: toMessageResponse(row),
      snippet,
    }));
    return { items: hits, nextCursor };
  }
}
