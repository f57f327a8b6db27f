import { Clock, Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { recentlyWritten, type WrittenReply } from '../streams/written-reply.js';
import { ReplyCancellationStore } from './reply-cancellation.store.js';

/** What became of a room that was to be deleted. */
export interface RoomDeletionOutcome {
  /** False: it has an unfinished reply. */
  deleted: boolean;
  /** Replies of the deleted room whose text Redis may still have. */
  written: WrittenReply[];
}

/** The files of the room's messages. */
const FILES_OF_ROOM = 'SELECT file_id FROM message_file WHERE chatroom_id = $2::uuid';

/**
 * The files of the room are locked as by all who lock several, in the order of their ids: when the messages are deleted, a trigger locks them in
 * any order. A message that is accepted at the same time raises `last_seq` before this statement gets the room's lock. Its reply is not
 * in this statement's snapshot, but the new `last_seq` is in the locked row: so nothing is deleted.
 */
const DELETE_IDLE = prepared<RoomDeletionOutcome>(
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
    ), files AS (
      SELECT file.id FROM deleted
      JOIN file ON file.user_id = $1::uuid AND file.id = ANY (ARRAY(${FILES_OF_ROOM}))
      ORDER BY file.id FOR NO KEY UPDATE OF file
    )
    SELECT EXISTS (SELECT FROM deleted) AS deleted, (SELECT count(*)::int FROM files) AS files, (
      SELECT COALESCE(json_agg(json_build_object('id', reply.id, 'attempt', reply.attempt)), '[]')
      FROM message reply
      WHERE reply.chatroom_id = $2::uuid AND reply.attempt > 0 AND reply.completed_at > $3::timestamptz
    ) AS written
    FROM seen`,
);

/** From here on no message is accepted in the rooms. A lock on its own: the next statement sees what was accepted before. */
const LOCK_ROOMS = prepared<{ count: string }>(
  'chatroom_lock_all',
  `
    SELECT count(*) FROM (
      SELECT FROM chatroom WHERE user_id = $1::uuid AND ($2::uuid IS NULL OR id = $2::uuid) ORDER BY id FOR UPDATE
    ) locked`,
);

/** As a deletion of one room does, and before its charges are refunded, since whoever sends a message locks files before the quota. */
const LOCK_FILES = prepared<{ count: string }>(
  'chatroom_lock_files',
  `
    SELECT count(*) FROM (
      SELECT FROM file WHERE user_id = $1::uuid AND ($2::uuid IS NULL OR id IN (${FILES_OF_ROOM})) ORDER BY id FOR NO KEY UPDATE
    ) locked`,
);

/** Deletes rooms with their messages, so that no charge is left that the reader got nothing for. */
@Injectable()
export class RoomDeletionStore {
  constructor(
    private readonly database: Database,
    private readonly cancellations: ReplyCancellationStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Deletes the room, unless it has an unfinished reply.
   *
   * @returns null when the user has no such room
   */
  async deleteIdle(userId: string, chatroomId: string): Promise<RoomDeletionOutcome | null> {
    const [room] = await this.database.run(DELETE_IDLE, [userId, chatroomId, recentlyWritten(this.clock.now())]);
    return room ?? null;
  }

  /**
   * Ends the unfinished replies with what is stored of them, and deletes the rooms. A worker that still writes misses the row
   * when it extends the lease, and stops.
   *
   * @returns null when the user has no such room
   */
  async delete(userId: string, chatroomId: string): Promise<WrittenReply[] | null> {
    const { prisma } = this.database;
    const ended = this.cancellations.endAll(userId, chatroomId);
    const [, , , written, { count }] = await prisma.$transaction([
      prisma.$queryRawUnsafe(LOCK_ROOMS.text, userId, chatroomId),
      prisma.$queryRawUnsafe(LOCK_FILES.text, userId, chatroomId),
      prisma.$queryRawUnsafe(ended.statement.text, ...ended.values),
      prisma.message.findMany({
        where: {
          chatroomId,
          chatroom: { id: chatroomId, userId },
          attempt: { gt: 0 },
          completedAt: { gt: recentlyWritten(this.clock.now()) },
        },
        select: { id: true, attempt: true },
      }),
      prisma.chatroom.deleteMany({ where: { userId, id: chatroomId } }),
    ]);
    return count === 0 ? null : written;
  }

  /** The same for all of the user's rooms, if there are any. What Redis has of them is to be removed before. */
  async deleteAll(userId: string): Promise<void> {
    const { prisma } = this.database;
    const ended = this.cancellations.endAll(userId, null);
    await prisma.$transaction([
      prisma.$queryRawUnsafe(LOCK_ROOMS.text, userId, null),
      prisma.$queryRawUnsafe(LOCK_FILES.text, userId, null),
      prisma.$queryRawUnsafe(ended.statement.text, ...ended.values),
      prisma.chatroom.deleteMany({ where: { userId } }),
    ]);
  }
}
