import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { ApiProblem, AuditTrail } from '@app/platform';
import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RoomDeletionService } from './room-deletion.service.js';

/** Deletes a user's rooms; apart from the other routes of rooms, since those don't know replies. */
@ApiTags('Chatrooms')
@ApiBearerAuth()
@Controller('chatroom')
export class RoomDeletionController {
  constructor(
    private readonly deletion: RoomDeletionService,
    private readonly audit: AuditTrail,
  ) {}

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteChatroom',
    summary: 'Delete a chatroom',
    description:
      'With all of its messages. Replies that are unfinished stop first; those without any text yet refund their messages.',
  })
  @ApiNoContentResponse()
  @ApiProblem(404, 'chatroom_not_found')
  async delete(@CurrentUser() { userId }: AuthenticatedUser, @Param('id') chatroomId: string): Promise<void> {
    await this.deletion.delete(userId, chatroomId);
    await this.audit.write({ action: 'chatroom_deleted', userId, detail: { chatroomId } });
  }
}
