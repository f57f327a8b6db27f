import { withTimeout } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { ChatroomNotFoundError } from '../rooms/chatroom.errors.js';
import { ReplyLogStore } from '../streams/reply-log.store.js';
import type { WrittenReply } from '../streams/written-reply.js';
import { ReplyCancellationService } from './reply-cancellation.service.js';
import { RoomDeletionStore } from './room-deletion.store.js';

/** How long a deletion waits for Redis. */
const REMOVE_TIMEOUT_MS = 500;

/** Deletes rooms. Replies that are unfinished are stopped first, as their reader's cancelling does, and cost the same. */
@Injectable()
export class RoomDeletionService {
  constructor(
    private readonly store: RoomDeletionStore,
    private readonly cancellation: ReplyCancellationService,
    private readonly log: ReplyLogStore,
  ) {}

  /**
   * Deletes the room with its messages, and what Redis has of them. A worker that still writes finds its row missing, and
   * removes what it writes after that.
   *
   * @throws ChatroomNotFoundError
   */
  async delete(userId: string, chatroomId: string): Promise<void> {
    const idle = await this.store.deleteIdle(userId, chatroomId);
    if (idle === null) throw new ChatroomNotFoundError();
    if (idle.deleted) return this.removeLogs(idle.written);
    await this.cancellation.cancelAll(userId, chatroomId);
    const written = await this.store.delete(userId, chatroomId);
    if (written === null) throw new ChatroomNotFoundError();
    await this.removeLogs(written);
  }

  /** As {@link delete}. @returns whether the user has had such a room */
  async deleteIfThere(userId: string, chatroomId: string): Promise<boolean> {
    try {
      await this.delete(userId, chatroomId);
      return true;
    } catch (error) {
      if (error instanceof ChatroomNotFoundError) return false;
      throw error;
    }
  }

  /** Stops what is unfinished in any of the user's rooms. */
  async stopReplies(userId: string): Promise<void> {
    await this.cancellation.cancelAll(userId, null);
  }

  /** Deletes all of the user's rooms, if there are any. To be called after {@link stopReplies}. */
  async deleteAll(userId: string): Promise<void> {
    await this.store.deleteAll(userId);
  }

  /** The room is deleted: that Redis is slow or away changes nothing about it. Its logs then expire within minutes. */
  private async removeLogs(replies: WrittenReply[]): Promise<void> {
    const removed = Promise.all(replies.map(({ id, attempt }) => this.log.remove(id, attempt)));
    await withTimeout(
      REMOVE_TIMEOUT_MS,
      removed.catch(() => undefined),
      () => undefined,
    );
  }
}
