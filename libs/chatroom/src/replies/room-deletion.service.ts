import { Injectable } from '@nestjs/common';
import { ChatroomNotFoundError } from '../rooms/chatroom.errors.js';
import { ReplyCancellationService } from './reply-cancellation.service.js';
import { RoomDeletionStore } from './room-deletion.store.js';

/** Deletes rooms. Replies that are unfinished are stopped first, as their reader's cancelling does, and cost the same. */
@Injectable()
export class RoomDeletionService {
  constructor(
    private readonly store: RoomDeletionStore,
    private readonly cancellation: ReplyCancellationService,
  ) {}

  /**
   * Deletes the room with its messages.
   *
   * @throws ChatroomNotFoundError
   */
  async delete(userId: string, chatroomId: string): Promise<void> {
    const deleted = await this.store.deleteIdle(userId, chatroomId);
    if (deleted === true) return;
    if (deleted === null) throw new ChatroomNotFoundError();
    await this.cancellation.cancelAll(userId, chatroomId);
    if ((await this.store.delete(userId, chatroomId)) === 0) throw new ChatroomNotFoundError();
  }

  /** Stops what is unfinished in any of the user's rooms. */
  async stopReplies(userId: string): Promise<void> {
    await this.cancellation.cancelAll(userId, null);
  }

  /** Deletes all of the user's rooms, if there are any. To be called after {@link stopReplies}. */
  async deleteAll(userId: string): Promise<void> {
    await this.store.delete(userId, null);
  }
}
