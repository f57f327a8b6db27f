import { Injectable } from '@nestjs/common';
import { ReplyLogStore } from '../streams/reply-log.store.js';
import { ReplyJobsService } from './reply-jobs.service.js';
import { RoomOrderStore } from './room-order.store.js';

/** What follows the end of a reply, whichever process ended it. */
@Injectable()
export class ReplyCompletionService {
  constructor(
    private readonly order: RoomOrderStore,
    private readonly log: ReplyLogStore,
    private readonly jobs: ReplyJobsService,
  ) {}

  /**
   * Tells the reply's readers, and enqueues the reply that waited behind it in the room. To be called after the end is
   * committed.
   *
   * @param attempt the attempt that ended; 0: none did, the reply was cancelled
   */
  async notifyAndEnqueueNext(replyId: string, attempt: number): Promise<void> {
    await this.log.done(replyId, attempt);
    const next = await this.order.nextInRoom(replyId);
    if (next !== null) await this.jobs.enqueue([next]);
  }
}
