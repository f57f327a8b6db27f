import { CrashPointService, noteOnSpan } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { MessageNotFoundError } from '../messages/message.errors.js';
import type { MessageAddress } from '../messages/message.row.js';
import { ReplyJobsService } from '../replies/reply-jobs.service.js';
import type { IdempotencyKey } from './idempotency-key.js';
import type { EditMessageRequest, SendMessageRequest } from './message.request.js';
import { type AcceptedMessage, type AcceptedVariant, MessageAcceptanceStore } from './message-acceptance.store.js';

/** What a reply was asked for with. */
type Acceptance = 'send' | 'edit' | 'regenerate';

/** Takes messages in: stores them with a queued reply, then wakes a worker. */
@Injectable()
export class MessageService {
  private readonly logger = new Logger('Reply');

  constructor(
    private readonly acceptance: MessageAcceptanceStore,
    private readonly jobs: ReplyJobsService,
    private readonly crashPoints: CrashPointService,
  ) {}

  /**
   * Accepts a message: from here on its reply gets exactly one stored outcome.
   *
   * @throws ValidationFailedError for a text that is longer than the plan allows, and for too many or too large files
   * @throws FileNotFoundError, ModelCannotTakeFileError, ChatroomNotFoundError, DailyQuotaExceededError, CapacityReachedError, IdempotencyKeyReusedError
   */
  async send(
    userId: string,
    chatroomId: string,
    { content, files }: SendMessageRequest,
    key: IdempotencyKey | null,
  ): Promise<AcceptedMessage> {
    this.crashPoints.at('accept');
    const accepted = await this.acceptance.send(userId, chatroomId, content, key, files);
    this.logAcceptance(userId, accepted, 'send');
    this.crashPoints.at('accepted');
    if (!accepted.replayed) this.enqueue(accepted);
    return accepted;
  }

  /**
   * Accepts the room's latest question anew, as {@link send} does with a new one.
   *
   * @throws MessageNotFoundError, NotLatestMessageError, ReplyInProgressError; ValidationFailedError for a text that is longer than the
   *   plan allows, and for too many or too large files; FileNotFoundError, ModelCannotTakeFileError, DailyQuotaExceededError, CapacityReachedError, IdempotencyKeyReusedError
   */
  async edit(
    userId: string,
    message: MessageAddress,
    { content, files }: EditMessageRequest,
    key: IdempotencyKey | null,
  ): Promise<AcceptedMessage> {
    const accepted = await this.acceptance.edit(userId, message, content, key, files ?? null);
    if (accepted === null) throw new MessageNotFoundError();
    this.logAcceptance(userId, accepted, 'edit');
    if (!accepted.replayed) this.enqueue(accepted);
    return accepted;
  }

  /**
   * Accepts a new variant of the room's latest reply.
   *
   * @throws MessageNotFoundError, NotLatestReplyError, ReplyInProgressError, ModelCannotTakeFileError, DailyQuotaExceededError,
   *   CapacityReachedError, IdempotencyKeyReusedError
   */
  async regenerate(
    userId: string,
    chatroomId: string,
    replyId: string,
    key: IdempotencyKey | null,
  ): Promise<AcceptedVariant> {
    const accepted = await this.acceptance.regenerate(userId, chatroomId, replyId, key);
    if (accepted === null) throw new MessageNotFoundError();
    this.logAcceptance(userId, accepted, 'regenerate');
    if (!accepted.replayed) this.enqueue(accepted);
    return accepted;
  }

  /** The beginning of a reply's story, which a worker goes on with under the same request id. A repeated request only points to it. */
  private logAcceptance(userId: string, { reply, quota, replayed }: AcceptedVariant, by: Acceptance): void {
    const facts = { userId, chatroomId: reply.chatroomId, replyId: reply.id, plan: quota.plan, by };
    this.logger.log(facts, replayed ? 'reply accepted before' : 'reply accepted');
    noteOnSpan({ 'app.reply.id': reply.id, 'app.chatroom.id': reply.chatroomId, 'app.reply.replayed': replayed });
  }

  /** The client doesn't wait for the queue: the reply is safe in PostgreSQL, and the sweep finds what was not enqueued. */
  private enqueue({ reply, othersWait }: AcceptedVariant): void {
    const due = { id: reply.id, chatroomId: reply.chatroomId, attempt: 0 };
    const enqueued = othersWait ? this.jobs.enqueueIfIdle([due]) : this.jobs.enqueue([due]);
    void enqueued.then(() => this.crashPoints.at('enqueued'));
  }
}
