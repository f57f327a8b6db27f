import { Injectable } from '@nestjs/common';
import { ReplyLogStore } from '../streams/reply-log.store.js';
import { ReplyJobsService } from './reply-jobs.service.js';
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
  async notifyAndEnqueueNext(replyId: string, attempt: number): Promise<void> {
    await this.log.done(replyId, attempt);
    await this.enqueueNext(replyId);
  }

  /**
   * Enqueues the user's reply that may have waited for this one, which is written no more. It goes behind all jobs that
   * wait: users with work take turns.
   */
  async enqueueNext(replyId: string): Promise<void> {
    const next = await this.order.nextOfUser(replyId);
    if (next !== null) await this.jobs.enqueueInTurn([next]);
  }
}
