import { Clock, Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { MessageFeedback } from '../messages/message.row.js';

/** What came of feedback for a message of the user. */
export interface FeedbackOutcome {
  isReply: boolean;
  isFinished: boolean;
  /** The model that was asked for the reply; null: none was. */
  model: string | null;
  /** Whether the stored rating is another one than before. */
  ratingChanged: boolean;
}

/**
 * Locks the message, so that of two changes at once the second one sees what the first has left. What is there already is not
 * written anew: a repeated request changes nothing, not even the time.
 */
const GIVE = prepared<FeedbackOutcome>(
  'message_give_feedback',
  `
    WITH target AS (
      SELECT message.chatroom_id, message.id, message.role = 'bot' AS is_reply, message.completed_at IS NOT NULL AS is_finished,
        message.asked_model, message.feedback
      FROM message JOIN chatroom ON chatroom.id = message.chatroom_id
      WHERE message.id = $3::uuid AND chatroom.id = $2::uuid AND chatroom.user_id = $1::uuid
      FOR NO KEY UPDATE OF message
    ), given AS (
      UPDATE message SET feedback = $4::jsonb
      FROM target
      WHERE message.chatroom_id = target.chatroom_id AND message.id = target.id AND target.is_reply AND target.is_finished
        AND target.feedback - 'createdAt'::text IS DISTINCT FROM $4::jsonb - 'createdAt'::text
      RETURNING target.feedback ->> 'rating' IS DISTINCT FROM $4::jsonb ->> 'rating' AS rating_changed
    )
    SELECT is_reply AS "isReply", is_finished AS "isFinished", asked_model AS model,
      COALESCE((SELECT rating_changed FROM given), false) AS "ratingChanged"
    FROM target`,
);

/** Stores what people think of replies; whose they are is part of the statement. */
@Injectable()
export class FeedbackStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Replaces the feedback of a finished reply; of any other message nothing is changed.
   *
   * @param feedback null removes it
   * @returns null when the user has no such message
   */
  async give(
    userId: string,
    chatroomId: string,
    messageId: string,
    feedback: Pick<MessageFeedback, 'rating' | 'comment'> | null,
  ): Promise<FeedbackOutcome | null> {
    const stored =
      feedback === null ? null : JSON.stringify({ ...feedback, createdAt: this.clock.now().toISOString() });
    const [outcome] = await this.database.run(GIVE, [userId, chatroomId, messageId, stored]);
    return outcome ?? null;
  }
}
