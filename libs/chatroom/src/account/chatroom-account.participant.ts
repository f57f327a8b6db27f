import { AccountParticipantService } from '@app/auth';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ChatroomListCache } from '../rooms/chatroom-list.cache.js';
import { ChatroomWalkCache } from '../rooms/chatroom-walk.cache.js';
import { ReplyErasureService } from '../replies/reply-erasure.service.js';
import { RoomDeletionService } from '../replies/room-deletion.service.js';
import { ChatroomExportStore } from './chatroom-export.store.js';

/** The part that rooms and messages have in exporting and erasing an account. */
@Injectable()
export class ChatroomAccountParticipant implements OnModuleInit {
  private readonly logger = new Logger(ChatroomAccountParticipant.name);

  constructor(
    private readonly exports: ChatroomExportStore,
    private readonly cache: ChatroomListCache,
    private readonly walks: ChatroomWalkCache,
    private readonly replies: ReplyErasureService,
    private readonly rooms: RoomDeletionService,
    private readonly participants: AccountParticipantService,
  ) {}

  onModuleInit(): void {
    this.participants.register({
      name: 'chatrooms',
      export: (userId) => this.exports.roomsOf(userId),
      erase: (userId) => this.erase(userId),
    });
  }

  /**
   * Stops what is being written, removes the copies in Redis, which would expire within minutes anyway, and deletes the rooms.
   * Those go before the user's row is locked: whoever sends a message locks a room first and references the user then.
   */
  async erase(userId: string): Promise<void> {
    await this.rooms.stopReplies(userId);
    const erased = await Promise.allSettled([
      ...[this.replies.erase(userId), this.cache.remove(userId), this.walks.remove(userId)],
    ]);
    for (const failure of erased.filter((result) => result.status === 'rejected')) {
      const { message } = failure.reason as Error;
      this.logger.warn(`What Redis holds of an erased account stays until it expires: ${message}`);
    }
    await this.rooms.deleteAll(userId);
  }
}
