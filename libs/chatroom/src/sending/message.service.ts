import { CrashPointService } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { MessageNotFoundError } from '../messages/message.errors.js';
import { ReplyJobsService } from '../replies/reply-jobs.service.js';
import type { IdempotencyKey } from './idempotency-key.js';
import { type AcceptedMessage, type AcceptedVariant, MessageAcceptanceStore } from './message-acceptance.store.js';

/** Takes messages in: stores them with a queued reply, then wakes a worker. */
@Injectable()
export class MessageService {
  constructor(
    private readonly acceptance: MessageAcceptanceStore,
    private readonly jobs: ReplyJobsService,
    private readonly crashPoints: CrashPointService,
  ) {}

  /**
   * Accepts a message: from here on its reply gets exactly one stored outcome.
   *
   * @throws ValidationFailedError for a text that is longer than the plan allows
   * @throws ChatroomNotFoundError, DailyQuotaExceededError, CapacityReachedError, IdempotencyKeyReusedError
   */
  async send(
    userId: string,
    chatroomId: string,
    content: string,
    key: IdempotencyKey | null,
  ): Promise<AcceptedMessage> {
    this.crashPoints.at('accept');
    const accepted = await this.acceptance.send(userId, chatroomId, content, key);
    this.crashPoints.at('accepted');
    if (!accepted.replayed) this.enqueue(accepted);
    return accepted;
  }

  /**
   * Accepts a new variant of the room's latest reply.
   *
   * @throws MessageNotFoundError, NotLatestReplyError, ReplyInProgressError, DailyQuotaExceededError, CapacityReachedError,
   *   IdempotencyKeyReusedError
   */
  async regenerate(
    userId: string,
    chatroomId: string,
    replyId: string,
    key: IdempotencyKey | null,
  ): Promise<AcceptedVariant> {
    const accepted = await this.acceptance.regenerate(userId, chatroomId, replyId, key);
    if (accepted === null) throw new MessageNotFoundError();
    if (!accepted.replayed) this.enqueue(accepted);
    return accepted;
  }

  /** The client doesn't wait for the queue: the reply is safe in PostgreSQL, and the sweep finds what was not enqueued. */
  private enqueue({ reply, othersWait }: AcceptedVariant): void {
    const due = { id: reply.id, attempt: 0 };
    const enqueued = othersWait ? this.jobs.enqueueIfIdle([due]) : this.jobs.enqueue([due]);
    void enqueued.then(() => this.crashPoints.at('enqueued'));
  }
}
