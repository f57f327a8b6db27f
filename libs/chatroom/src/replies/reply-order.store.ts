import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { MessageAddress } from '../messages/message.row.js';
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

/**
 * Recursive CTEs, of which `next` is the reply whose turn it is after another one of its user, in one row or none: its `id`,
 * `chatroom_id` and `attempt`. Rooms take turns: those behind the one of the other reply come first.
 *
 * @param from an earlier CTE: the other reply's `user_id`, `chatroom_id` and `seq`
 * @param endsNow whether the other reply ends by this very statement, which still sees it unfinished: then the one behind it in
 *   its room may be the next, after those of all other rooms
 */
export const nextOfUserSql = (from: string, endsNow: boolean): string => `
  ${headsOfUserSql('behind', from, `chatroom_id > ${from}.chatroom_id`)},
  ${headsOfUserSql('anywhere', from, 'true')},
  next AS (
    SELECT chatroom_id, id, attempt FROM (
      SELECT * FROM behind UNION ALL SELECT * FROM anywhere
      ${endsNow ? `UNION ALL SELECT own.* FROM ${from} CROSS JOIN LATERAL (${firstUnfinished(`${from}.user_id`, `chatroom_id = ${from}.chatroom_id AND seq > ${from}.seq`)}) own` : ''}
    ) head
    WHERE status = 'queued' AND due_at <= now() + interval '1 ms' LIMIT 1
  )`;

const NEXT = prepared<WaitingReply>(
  'reply_next_of_user',
  `
    WITH RECURSIVE ended AS (
      SELECT user_id, chatroom_id, seq FROM message WHERE chatroom_id = $2::uuid AND id = $1::uuid
    ), ${nextOfUserSql('ended', false)}
    SELECT next.id, next.chatroom_id AS "chatroomId", next.attempt, ended.user_id AS "userId" FROM ended, next`,
);

/** The order in which the replies of a user are produced. */
@Injectable()
export class ReplyOrderStore {
  constructor(private readonly database: Database) {}

  /**
   * The reply of the same user whose turn it is after this one has ended, in its room or in another. To be asked after
   * the end is committed: a message that was accepted too late for this query was enqueued after that, and can be claimed.
   */
  async nextOfUser({ id, chatroomId }: MessageAddress): Promise<WaitingReply | null> {
    const [next] = await this.database.run(NEXT, [id, chatroomId]);
    return next ?? null;
  }
}
