import { ReplyJobsService } from '@app/chatroom';
import type { ReplyJob } from '@app/contracts';
import { RequestContext } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { QueueWatchService } from './queue-watch.service.js';
import { WorkerCapacityService } from './worker-capacity.service.js';

/** How many replies may wait here for capacity. The sweep brings the others again. */
const MOST_WAITING = 500;

/**
 * Takes replies without the queue, while that can't be used: what this worker would enqueue it works on itself, as far as it has
 * capacity, in the order in which jobs would have come. Claims see to the rest, as they do with jobs: each reply to one worker,
 * in the order of its room, and no more of a user than the plan allows (docs/adr/0032).
 */
@Injectable()
export class DirectRepliesService {
  private readonly logger = new Logger(DirectRepliesService.name);
  private readonly waiting = new Map<string, ReplyJob>();
  private readonly underWay = new Set<Promise<void>>();
  private work: ((job: ReplyJob) => Promise<void>) | null = null;

  constructor(
    jobs: ReplyJobsService,
    queue: QueueWatchService,
    private readonly capacity: WorkerCapacityService,
  ) {
    jobs.useFallback({
      take: (replies) => this.take(replies),
      get isWanted() {
        return queue.standsStill;
      },
    });
    capacity.whenFree(() => this.workOn());
  }

  /** Whether some wait for capacity already. */
  get hasWaiting(): boolean {
    return this.waiting.size > 0;
  }

  /** @param work claims a reply and sees it to its outcome */
  start(work: (job: ReplyJob) => Promise<void>): void {
    this.work = work;
  }

  /** Takes no further reply, and waits for those under way. */
  async stop(): Promise<void> {
    this.work = null;
    this.waiting.clear();
    await Promise.all(this.underWay);
  }

  private take(jobs: ReplyJob[]): void {
    if (this.work === null) return;
    for (const job of jobs) {
      if (this.waiting.size >= MOST_WAITING) break;
      this.waiting.set(job.replyId, job);
    }
    this.workOn();
  }

  private workOn(): void {
    for (const [id, job] of this.waiting) {
      const { work } = this;
      const done = work === null ? null : this.capacity.runNow(() => this.run(work, job));
      if (done === null) return;
      this.waiting.delete(id);
      this.underWay.add(done);
      void done.then(() => this.underWay.delete(done));
    }
  }

  private async run(work: (job: ReplyJob) => Promise<void>, job: ReplyJob): Promise<void> {
    try {
      await RequestContext.run({ requestId: job.requestId ?? job.replyId }, () => work(job));
    } catch (error) {
      this.logger.warn(`A reply is left to the next sweep: ${(error as Error).message}`);
    }
  }
}
