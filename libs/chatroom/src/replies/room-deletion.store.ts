import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { ReplyCancellationStore } from './reply-cancellation.store.js';

/**
 * A message that is accepted at the same time raises `last_seq` before this statement gets the room's lock. Its reply is not
 * in this statement's snapshot, but the new `last_seq` is in the locked row: so nothing is deleted.
 */
const DELETE_IDLE = prepared<{ deleted: boolean }>(
  'chatroom_delete_idle',
  `
    WITH seen AS (
      SELECT id, last_seq FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid
    ), deleted AS (
      DELETE FROM chatroom room USING seen
      WHERE room.id = seen.id AND room.last_seq = seen.last_seq AND NOT EXISTS (
        SELECT FROM message reply
        WHERE reply.user_id = $1::uuid AND reply.chatroom_id = $2::uuid AND reply.completed_at IS NULL)
      RETURNING room.id
    )
    SELECT EXISTS (SELECT FROM deleted) AS deleted FROM seen`,
);

/** From here on no message is accepted in the rooms. A lock on its own: the next statement sees what was accepted before. */
const LOCK_ROOMS = prepared<{ count: string }>(
  'chatroom_lock_all',
  `
    SELECT count(*) FROM (
      SELECT FROM chatroom WHERE user_id = $1::uuid AND ($2::uuid IS NULL OR id = $2::uuid) ORDER BY id FOR UPDATE
    ) locked`,
);

/** Deletes rooms with their messages, so that no charge is left that the reader got nothing for. */
@Injectable()
export class RoomDeletionStore {
  constructor(
    private readonly database: Database,
    private readonly cancellations: ReplyCancellationStore,
  ) {}

  /**
   * Deletes the room, unless it has an unfinished reply.
   *
   * @returns whether it was deleted; null when the user has no such room
   */
  async deleteIdle(userId: string, chatroomId: string): Promise<boolean | null> {
    const [room] = await this.database.run(DELETE_IDLE, [userId, chatroomId]);
    return room?.deleted ?? null;
  }

  /**
   * Ends the unfinished replies with what is stored of them, and deletes the rooms. A worker that still writes misses the row
   * when it extends the lease, and stops.
   *
   * @param chatroomId null: all of the user's rooms
   * @returns how many rooms there were
   */
  async delete(userId: string, chatroomId: string | null): Promise<number> {
    const { prisma } = this.database;
    const ended = this.cancellations.endAll(userId, chatroomId);
    const [, , { count }] = await prisma.$transaction([
      prisma.$queryRawUnsafe(LOCK_ROOMS.text, userId, chatroomId),
      prisma.$queryRawUnsafe(ended.statement.text, ...ended.values),
      prisma.chatroom.deleteMany({ where: { userId, ...(chatroomId === null ? {} : { id: chatroomId }) } }),
    ]);
    return count;
  }
}
