import { ReplyCompletionService, ReplyJobsService } from '@app/chatroom';
import { Injectable } from '@nestjs/common';
import { type ClaimedReply, ReplyStore } from './reply.store.js';

/** Takes replies for this worker, or sees to it that they are tried again when they can be taken. */
@Injectable()
export class ReplyClaimService {
  constructor(
    private readonly store: ReplyStore,
    private readonly jobs: ReplyJobsService,
    private readonly completion: ReplyCompletionService,
  ) {}

  /** The reply, held by this worker; null when there is nothing to be done for it now. */
  async claim(replyId: string): Promise<ClaimedReply | null> {
    const outcome = await this.store.claim(replyId);
    switch (outcome.type) {
      case 'claimed':
        return outcome.claim;
      case 'paused':
        await this.defer(replyId, outcome.attempt, outcome.model);
        return null;
      case 'taken':
        // Two jobs may have been meant for two replies of the user, and have led to the same one.
        await this.completion.enqueueNext(replyId);
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
