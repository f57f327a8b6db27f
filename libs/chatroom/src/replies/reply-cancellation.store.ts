import { Clock, Database, prepared } from '@app/platform';
import { refundOneMessageSql } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { MESSAGE_COLUMNS, type MessageRow } from '../messages/message.row.js';

/** A reply that no living worker holds ends here and now; a leased one is marked, and its worker ends it. */
const CANCEL = prepared<MessageRow>(
  'reply_cancel',
  `
    WITH target AS (
      SELECT reply.id, reply.status = 'queued' OR reply.due_at <= now() AS at_once
      FROM message reply JOIN chatroom ON chatroom.id = reply.chatroom_id
      WHERE reply.id = $3::uuid AND chatroom.id = $2::uuid AND chatroom.user_id = $1::uuid
        AND reply.status IN ('queued', 'generating')
      FOR UPDATE OF reply
    ), ended AS (
      UPDATE message
      SET cancel_requested_at = COALESCE(cancel_requested_at, now()),
          status = CASE WHEN at_once THEN 'cancelled' ELSE status END,
          completed_at = CASE WHEN at_once THEN $4::timestamptz END,
          next_enqueue_at = CASE WHEN at_once THEN NULL ELSE next_enqueue_at END
      FROM target WHERE message.id = target.id
      RETURNING message.*, message.status = 'cancelled' AND message.content !~ '[^[:space:]]' AS refund
    ), ${refundOneMessageSql('ended')}
    SELECT ${MESSAGE_COLUMNS} FROM ended message`,
);

/** The API's transition in the life of a reply: its end by cancellation. */
@Injectable()
export class ReplyCancellationStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends the user's unfinished reply, or asks the worker that holds it to.
   *
   * @returns the reply (`cancelled`, or still `generating` until its worker has ended it); null: there is no such unfinished
   *   reply
   */
  async cancel(userId: string, chatroomId: string, replyId: string): Promise<MessageRow | null> {
    const [row] = await this.database.run(CANCEL, [userId, chatroomId, replyId, this.clock.now()]);
    return row ?? null;
  }
}
