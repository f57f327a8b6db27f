import { Injectable } from '@nestjs/common';
import type { MessageAddress } from '../messages/message.row.js';
import { ReplyLogStore } from '../streams/reply-log.store.js';
import { type DueReply, ReplyJobsService, type WaitingReply } from './reply-jobs.service.js';
import { ReplyOrderStore } from './reply-order.store.js';

/** What follows the end of a reply, whichever process ended it. */
@Injectable()
export class ReplyCompletionService {
  constructor(
    private readonly order: ReplyOrderStore,
    private readonly log: ReplyLogStore,
    private readonly jobs: ReplyJobsService,
  ) {}

  /**
   * Tells the reply's readers, and enqueues the user's reply that has waited for it. To be called after the end is
   * committed.
   *
   * @param attempt the attempt that ended; 0: none did, the reply was cancelled
   */
  async notifyAndEnqueueNext(reply: MessageAddress, attempt: number): Promise<void> {
    await Promise.all([this.log.done(reply.id, attempt), this.enqueueNext(reply)]);
  }

  /**
   * As {@link notifyAndEnqueueNext}, after a statement that has found the user's next reply as well.
   *
   * @param next the user's next reply; null: none waited as the statement began
   * @param awaited whether another reply may have begun to wait since
   */
  async notifyAndEnqueue(ended: DueReply, next: WaitingReply | null, awaited: boolean): Promise<void> {
    await Promise.all([this.log.done(ended.id, ended.attempt), this.enqueueFound(ended, next, awaited)]);
  }

  private async enqueueFound(ended: MessageAddress, next: WaitingReply | null, awaited: boolean): Promise<void> {
    if (next !== null) await this.jobs.enqueueInTurn([next]);
    else if (awaited) await this.enqueueNext(ended);
  }

  /**
   * Enqueues the user's reply that may have waited for this one, which is written no more. It goes behind all jobs that
   * wait: users with work take turns.
   */
  async enqueueNext(reply: MessageAddress): Promise<void> {
    const next = await this.order.nextOfUser(reply);
    if (next !== null) await this.jobs.enqueueInTurn([next]);
  }

  /** As {@link enqueueNext}, but for replies of other rooms alone: the next one of its own room is for its own end to enqueue. */
  async enqueueNextElsewhere(reply: MessageAddress): Promise<void> {
    const next = await this.order.nextOfUser(reply);
    if (next !== null && next.chatroomId !== reply.chatroomId) await this.jobs.enqueueInTurn([next]);
  }
}
