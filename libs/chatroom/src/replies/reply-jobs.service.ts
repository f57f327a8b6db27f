import { REPLY_QUEUE, type ReplyJob } from '@app/contracts';
import { type JobFallback, type JobNotice, JobNotifier, QueueConnectionService, uuidv7 } from '@app/platform';
import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { MessageAddress } from '../messages/message.row.js';

/** A reply that waits to be claimed. */
export interface DueReply extends MessageAddress {
  /** The last attempt. Part of the job's id, so that the job of one attempt does not keep that of the next from being added. */
  attempt: number;
}

/** A reply that may have waited for another of its user. */
export interface WaitingReply extends DueReply {
  userId: string;
}

/** Of jobs that are taken only when no others wait. BullMQ takes jobs without a priority first. */
const LOW_PRIORITY = 1;

/** Wakes the workers for replies: the row in PostgreSQL is the truth, so a lost job only means that the sweep enqueues another. */
@Injectable()
export class ReplyJobsService {
  private readonly notifier: JobNotifier<ReplyJob>;

  constructor(
    @InjectQueue(REPLY_QUEUE.queue) queue: Queue,
    @Inject(QueueConnectionService) connection: Pick<QueueConnectionService, 'isDown'>,
  ) {
    this.notifier = new JobNotifier(queue, REPLY_QUEUE, connection);
  }

  /** Has replies that can't be enqueued written by this process. */
  useFallback(fallback: JobFallback<ReplyJob>): void {
    this.notifier.useFallback(fallback);
  }

  /** Enqueues replies in turn, behind all that wait. Bounded in time, and never throws. */
  async enqueue(replies: DueReply[]): Promise<void> {
    await this.notifier.notify(replies.map((reply) => notice(reply)));
  }

  /**
   * Enqueues a reply that no worker is to take before some time has passed. The job has an id of its own, since the one that
   * finds this out still runs.
   */
  async enqueueIn(delayMs: number, reply: DueReply): Promise<void> {
    await this.notifier.notify([{ ...notice(reply, `at-${Date.now() + Math.round(delayMs)}`), delayMs }]);
  }

  /**
   * Enqueues replies whose users have others that wait for a worker: they are taken only when a worker has nothing else to
   * do, so that many messages of one user delay no other user's. When one of the user's ends, the next one gets a job in turn.
   */
  async enqueueIfIdle(replies: DueReply[]): Promise<void> {
    await this.notifier.notify(replies.map((reply) => ({ ...notice(reply, 'idle'), priority: LOW_PRIORITY })));
  }

  /**
   * Enqueues replies that waited for others of their users: behind all that wait; or, where such a job of the user waits there
   * already, for a worker that has nothing else to do. The jobs have ids of their own, since an earlier one may just be
   * finding that its reply can't start, and two ends of replies may bring the same one.
   */
  async enqueueInTurn(replies: WaitingReply[]): Promise<void> {
    await this.notifier.notify(
      replies.map((reply) => {
        const own = uuidv7();
        const turn = notice(reply, `turn-${own}`);
        const payload = { ...turn.payload, inTurn: true };
        const ifIdle = { ...notice(reply, `idle-${own}`), payload, priority: LOW_PRIORITY };
        return { ...turn, payload, oneOf: `turn-${reply.userId}`, orElse: ifIdle };
      }),
    );
  }
}

const notice = ({ id, chatroomId, attempt }: DueReply, ...reason: string[]): JobNotice<ReplyJob> => ({
  id: [id, attempt, ...reason].join('-'),
  payload: { replyId: id, chatroomId },
});
