import { type BoundStatement, Clock, Database, prepared } from '@app/platform';
import { recordUsageSql, refundMessagesSql } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { interruptedCallsSql } from '../messages/interrupted-calls.js';
import { hasTextSql } from '../text/has-text-sql.js';
import { MESSAGE_COLUMNS, type MessageRow } from '../messages/message.row.js';

/**
 * The CTE `ended`: replies that no living worker holds end here and now; a leased one is marked, and its worker ends it.
 *
 * @param target a query of `chatroom_id` and `id` of unfinished replies, locked, with the booleans `at_once` and `was_written`
 * @param completedAt the placeholder of the time of the end
 */
const endSql = (target: string, completedAt: string): string => `
  WITH target AS (${target}), ended AS (
    UPDATE message
    SET cancel_requested_at = COALESCE(cancel_requested_at, now()),
        status = CASE WHEN at_once THEN 'cancelled' ELSE status END,
        completed_at = CASE WHEN at_once THEN ${completedAt}::timestamptz END,
        next_enqueue_at = CASE WHEN at_once THEN NULL ELSE next_enqueue_at END
    FROM target WHERE message.chatroom_id = target.chatroom_id AND message.id = target.id
    RETURNING message.*, message.status = 'cancelled' AND NOT (${hasTextSql('message.content')}) AS refund,
      target.was_written AND message.status = 'cancelled' AS interrupted
  ), interrupted AS (
    SELECT user_id, chatroom_id, reply_to, asked_model, asked_tokens, octet_length(content) AS written FROM ended WHERE interrupted
  ), ${interruptedCallsSql('interrupted')}, ${recordUsageSql('calls')}, ${refundMessagesSql('ended')}`;

/** A reply that was ended or asked to end, with the request that had asked for it; null: it was accepted by an older release. */
export type CancelledMessage = MessageRow & { requestId: string | null };

const CANCEL = prepared<CancelledMessage>(
  'reply_cancel',
  `
    ${endSql(
      `SELECT reply.chatroom_id, reply.id, reply.status = 'generating' AS was_written,
         reply.status = 'queued' OR reply.due_at <= now() AS at_once
       FROM message reply JOIN chatroom ON chatroom.id = reply.chatroom_id
       WHERE reply.id = $3::uuid AND chatroom.id = $2::uuid AND chatroom.user_id = $1::uuid
         AND reply.status IN ('queued', 'generating')
       FOR UPDATE OF reply`,
      '$4',
    )}
    SELECT ${MESSAGE_COLUMNS}, message.request_id AS "requestId" FROM ended message`,
);

/** A reply that {@link ReplyCancellationStore.cancelAll} found unfinished. */
export interface CancelledReply {
  id: string;
  chatroomId: string;
  requestId: string | null;
  /** False: its worker has been asked to end it. */
  ended: boolean;
}

/** In one order, so that two of these at once wait for each other instead of ending in a deadlock. */
const CANCEL_ALL = prepared<CancelledReply>(
  'reply_cancel_all',
  `
    ${endSql(
      `SELECT reply.chatroom_id, reply.id, reply.status = 'generating' AS was_written,
         $4::boolean OR reply.status = 'queued' OR reply.due_at <= now() AS at_once
       FROM message reply
       WHERE reply.user_id = $1::uuid AND ($2::uuid IS NULL OR reply.chatroom_id = $2::uuid)
         AND reply.completed_at IS NULL
       ORDER BY reply.chatroom_id, reply.seq
       FOR UPDATE`,
      '$3',
    )}
    SELECT id, chatroom_id AS "chatroomId", request_id AS "requestId", status = 'cancelled' AS ended FROM ended`,
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
  async cancel(userId: string, chatroomId: string, replyId: string): Promise<CancelledMessage | null> {
    const [row] = await this.database.run(CANCEL, [userId, chatroomId, replyId, this.clock.now()]);
    return row ?? null;
  }

  /**
   * The same for all unfinished replies of a room, or of all of the user's rooms.
   *
   * @param chatroomId null: all rooms
   */
  async cancelAll(userId: string, chatroomId: string | null): Promise<CancelledReply[]> {
    return await this.database.run(CANCEL_ALL, [userId, chatroomId, this.clock.now(), false]);
  }

  /**
   * Ends all unfinished replies with what is stored of them, those of living workers too, whose writes will find another state.
   * For the transaction that deletes the rooms: what it costs then follows from what was written, whoever did not answer.
   */
  endAll(userId: string, chatroomId: string | null): BoundStatement {
    return { statement: CANCEL_ALL, values: [userId, chatroomId, this.clock.now(), true] };
  }
}
