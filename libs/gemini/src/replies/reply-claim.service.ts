import { ReplyCompletionService, ReplyJobsService } from '@app/chatroom';
import { Injectable } from '@nestjs/common';
import { type ClaimedReply, ReplyStore } from './reply.store.js';

/** Claims replies for this worker, or sees to it that they are tried again when they can be claimed. */
@Injectable()
export class ReplyClaimService {
  constructor(
    private readonly store: ReplyStore,
    private readonly jobs: ReplyJobsService,
    private readonly completion: ReplyCompletionService,
  ) {}

  /**
   * Claims a reply for this worker.
   *
   * @param inTurn whether the end of another reply has made the job
   * @returns null when there is nothing to be done for it now
   */
  async claim(replyId: string, inTurn = false): Promise<ClaimedReply | null> {
    const outcome = await this.store.claim(replyId);
    switch (outcome.type) {
      case 'claimed':
        return outcome.claim;
      case 'paused':
        await this.defer(replyId, outcome.attempt, outcome.model);
        return null;
      case 'taken':
        // Where two replies of the user end at the same time, both enqueue this one: the second job is for the one after it. A
        // job of the message itself only came too late: were it to go on, too, each message would leave a further job behind.
        if (inTurn) await this.completion.enqueueNext(replyId);
        return null;
      case 'busy':
        // The end of the reply that it waits for enqueues the next one.
        return null;
    }
  }

  /** Tries again after the model's pause, and lets the user's next reply go on: its model may be another one. */
  private async defer(replyId: string, attempt: number, model: string): Promise<void> {
    const dueInMs = await this.store.defer(replyId, attempt, model);
    await this.jobs.enqueueIn(dueInMs ?? 0, { id: replyId, attempt });
    await this.completion.enqueueNext(replyId);
  }
}
