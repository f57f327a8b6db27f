import { Injectable } from '@nestjs/common';
import { MessageNotFoundError, NotAReplyError, ReplyInProgressError } from '../messages/message.errors.js';
import type { Rating } from '../messages/message.row.js';
import { FeedbackMetrics } from './feedback.metrics.js';
import { FeedbackStore } from './feedback.store.js';

/** Takes what people think of replies. */
@Injectable()
export class FeedbackService {
  constructor(
    private readonly store: FeedbackStore,
    private readonly metrics: FeedbackMetrics,
  ) {}

  /**
   * Replaces the feedback of a finished reply, of any variant. Neither a rating nor a comment: removes it.
   *
   * @throws MessageNotFoundError, NotAReplyError, ReplyInProgressError
   */
  async give(
    userId: string,
    chatroomId: string,
    replyId: string,
    rating: Rating | null,
    comment: string | null,
  ): Promise<void> {
    const feedback = rating === null && comment === null ? null : { rating, comment };
    const outcome = await this.store.give(userId, chatroomId, replyId, feedback);
    if (outcome === null) throw new MessageNotFoundError();
    if (!outcome.isReply) throw new NotAReplyError();
    if (!outcome.isFinished) throw new ReplyInProgressError();
    if (outcome.ratingChanged) this.metrics.rated(outcome.model, rating);
  }
}
