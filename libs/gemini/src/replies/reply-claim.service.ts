import { type MessageAddress, ReplyCompletionService, ReplyJobsService } from '@app/chatroom';
import type { ReplyJob } from '@app/contracts';
import { Injectable } from '@nestjs/common';
import { ReplyStoryService } from './reply-story.service.js';
import type { ClaimedReply, ReplyOrigin } from '../claims/reply-claim-sql.js';
import { ReplyStore } from './reply.store.js';

/** Claims replies for this worker, or sees to it that they are tried again when they can be claimed. */
@Injectable()
export class ReplyClaimService {
  constructor(
    private readonly store: ReplyStore,
    private readonly jobs: ReplyJobsService,
    private readonly completion: ReplyCompletionService,
    private readonly story: ReplyStoryService,
  ) {}

  /**
   * Claims a reply for this worker.
   *
   * @param job the reply, without its room in jobs of the release before; `inTurn`: whether the end of another reply has made it
   * @returns null when there is nothing to be done for it now
   */
  async claim({ replyId, chatroomId, inTurn = false }: ReplyJob): Promise<ClaimedReply | null> {
    const room = chatroomId ?? (await this.store.roomOf(replyId));
    if (room === null) return null;
    const reply = { id: replyId, chatroomId: room };
    const outcome = await this.store.claim(reply);
    switch (outcome.type) {
      case 'claimed':
        return outcome.claim;
      case 'paused':
        await this.defer(reply, outcome);
        return null;
      case 'taken':
        // Where two replies of the user end at the same time, both enqueue this one: the second job is for the one after it. A
        // job of the message itself only came too late: were it to go on, too, each message would leave a further job behind.
        // One that has ended meanwhile has enqueued the next of its room itself.
        if (inTurn) await this.completion.enqueueNextElsewhere(reply);
        return null;
      case 'busy':
        // The end of the reply that it waits for enqueues the next one.
        return null;
    }
  }

  /** Tries again after the model's pause, and lets the user's next reply go on: its model may be another one. */
  private async defer(
    reply: MessageAddress,
    { attempt, model, origin }: { attempt: number; model: string; origin: ReplyOrigin },
  ): Promise<void> {
    const dueInMs = await this.store.defer(reply, attempt, model);
    this.story.postponed(reply.id, origin, { model, dueInMs });
    await this.jobs.enqueueIn(dueInMs ?? 0, { ...reply, attempt });
    await this.completion.enqueueNext(reply);
  }
}
