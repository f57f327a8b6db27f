import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { DueReply } from './reply-jobs.service.js';

/** The subquery runs once, bounded by its index condition, however long the room and however old the statistics. */
const NEXT_IN_ROOM = prepared<DueReply>(
  'reply_next_in_room',
  `
    SELECT next.id, next.attempt
    FROM message done CROSS JOIN LATERAL (
      SELECT id, attempt FROM message
      WHERE chatroom_id = done.chatroom_id AND completed_at IS NULL AND seq > done.seq
      ORDER BY seq LIMIT 1
    ) next
    WHERE done.id = $1::uuid`,
);

/** The order in which the replies of a room are produced. */
@Injectable()
export class RoomOrderStore {
  constructor(private readonly database: Database) {}

  /**
   * The reply whose turn it is after this one has ended. To be asked after the end is committed: a message that was accepted
   * too late for this query was enqueued after that, and can be claimed.
   */
  async nextInRoom(replyId: string): Promise<DueReply | null> {
    const [next] = await this.database.run(NEXT_IN_ROOM, [replyId]);
    return next ?? null;
  }
}
