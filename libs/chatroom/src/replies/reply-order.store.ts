import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { WaitingReply } from './reply-jobs.service.js';

/** The first unfinished reply of one of a user's rooms, under a condition on the room. Bounded by its index condition. */
const firstUnfinished = (user: string, rooms: string): string => `
  SELECT user_id, chatroom_id, id, attempt, status, due_at FROM message
  WHERE user_id = ${user} AND completed_at IS NULL AND ${rooms}
  ORDER BY user_id, chatroom_id, seq LIMIT 1`;

/**
 * A recursive CTE with the first unfinished reply of each of a user's rooms, in the order of the rooms' ids. It goes from
 * room to room, however many replies wait in each, and only as far as it is read.
 *
 * @param name of the CTE
 * @param from a FROM item with the column `user_id`
 * @param rooms a condition on `chatroom_id`
 */
export const headsOfUserSql = (name: string, from: string, rooms: string): string => `
  ${name} AS (
    SELECT head.* FROM ${from} CROSS JOIN LATERAL (${firstUnfinished(`${from}.user_id`, rooms)}) head
    UNION ALL
    SELECT head.* FROM ${name} before CROSS JOIN LATERAL (
      ${firstUnfinished('before.user_id', 'chatroom_id > before.chatroom_id')}) head
  )`;

/** Rooms take turns: those behind the one of the reply that has ended come first, and its own comes last. */
const NEXT = prepared<WaitingReply>(
  'reply_next_of_user',
  `
    WITH RECURSIVE ended AS (
      SELECT user_id, chatroom_id FROM message WHERE id = $1::uuid
    ), ${headsOfUserSql('behind', 'ended', 'chatroom_id > ended.chatroom_id')},
    ${headsOfUserSql('anywhere', 'ended', 'true')}
    SELECT id, attempt, user_id AS "userId" FROM (SELECT * FROM behind UNION ALL SELECT * FROM anywhere) head
    WHERE status = 'queued' AND due_at <= now() + interval '1 ms' LIMIT 1`,
);

/** The order in which the replies of a user are produced. */
@Injectable()
export class ReplyOrderStore {
  constructor(private readonly database: Database) {}

  /**
   * The reply of the same user whose turn it is after this one has ended, in its room or in another. To be asked after
   * the end is committed: a message that was accepted too late for this query was enqueued after that, and can be claimed.
   */
  async nextOfUser(replyId: string): Promise<WaitingReply | null> {
    const [next] = await this.database.run(NEXT, [replyId]);
    return next ?? null;
  }
}
