import { cancelChannel } from '@app/contracts';
import { Database, type PreparedStatement, RedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { DueReply } from './reply-jobs.service.js';
import { LOG_SECONDS, ReplyLog } from '../streams/reply.log.js';

const RECENT: PreparedStatement = {
  name: 'reply_recent_of_user',
  text: `
    SELECT message.id, message.fence, message.status IN ('queued', 'generating') AS unfinished
    FROM message JOIN chatroom ON chatroom.id = message.chatroom_id
    WHERE chatroom.user_id = $1::uuid AND message.role = 'bot' AND message.fence > 0
      AND (message.status IN ('queued', 'generating') OR message.completed_at > now() - $2::int * interval '1 s')`,
};

/** Removes what Redis holds of a user's replies, and stops those that are being written. */
@Injectable()
export class ReplyErasure {
  constructor(
    private readonly database: Database,
    private readonly log: ReplyLog,
    private readonly redis: RedisClient,
  ) {}

  /**
   * To be called while the rows are still there. A worker that writes on meanwhile finds its row gone within a second,
   * and removes its log itself.
   *
   * @throws when Redis is out of reach
   */
  async erase(userId: string): Promise<void> {
    const replies = await this.database.run<DueReply & { unfinished: boolean }>(RECENT, [userId, LOG_SECONDS + 60]);
    for (const { id, unfinished } of replies) if (unfinished) await this.redis.publish(cancelChannel, id);
    await Promise.all(replies.map(({ id, fence }) => this.log.remove(id, fence)));
  }
}
