import { REPLY_QUEUE, type ReplyJob } from '@app/contracts';
import { CrashPointService, ProcessConfig, QueueWorkerHost } from '@app/platform';
import { Processor } from '@nestjs/bullmq';
import { GeminiConfig } from '../google/gemini.config.js';
import { ModelAvailabilityService } from '../model/model-availability.service.js';
import { DirectRepliesService } from '../queue/direct-replies.service.js';
import { LeasedRepliesService } from './leased-replies.service.js';
import type { LeasedReply } from './leased-reply.js';
import { ReplyAttemptService } from './reply-attempt.service.js';
import { ReplyClaimService } from './reply-claim.service.js';
import { ReplySettlementService } from './reply-settlement.service.js';
import { QueueWatchService } from '../queue/queue-watch.service.js';
import { ReplyStoryService } from './reply-story.service.js';
import { ReplyMetrics } from './reply.metrics.js';
import { RELEASE_MS, ReplyWorkerConfig, workerShutdownMs } from '../queue/reply-worker.config.js';
import { WorkerCapacityService } from '../queue/worker-capacity.service.js';

/**
 * Answers messages: takes a job from the queue, claims its reply in PostgreSQL, lets the model write, and settles the
 * outcome. A job finds nothing to claim and ends at once when its reply is finished, not due, leased by a living worker, or not
 * the first of its room, when its user has as many under way as the plan allows, and when its model is paused.
 */
@Processor(REPLY_QUEUE.queue, {
  autorun: false,
  // The job of a worker that died before it claimed blocks adding its id anew until BullMQ's lock has expired: so that is short.
  lockDuration: 6_000,
  stalledInterval: 3_000,
  maxStalledCount: 1,
})
export class ReplyProcessor extends QueueWorkerHost<ReplyJob> {
  /** How long jobs under way may take after a shutdown has begun, before their replies are released. */
  private readonly drainMs: number;

  constructor(
    private readonly claims: ReplyClaimService,
    private readonly leased: LeasedRepliesService,
    private readonly availability: ModelAvailabilityService,
    private readonly attempts: ReplyAttemptService,
    private readonly settlement: ReplySettlementService,
    private readonly crashPoints: CrashPointService,
    private readonly story: ReplyStoryService,
    private readonly capacity: WorkerCapacityService,
    private readonly queueWatch: QueueWatchService,
    private readonly direct: DirectRepliesService,
    private readonly metrics: ReplyMetrics,
    workerConfig: ReplyWorkerConfig,
    processConfig: ProcessConfig,
    geminiConfig: GeminiConfig,
  ) {
    const drainMs = Math.max(0, workerShutdownMs(processConfig, geminiConfig) - RELEASE_MS);
    super({
      contract: REPLY_QUEUE,
      concurrency: workerConfig.WORKER_CONCURRENCY,
      closeTimeoutMs: drainMs + RELEASE_MS / 2,
    });
    this.drainMs = drainMs;
  }

  override onApplicationBootstrap(): void {
    this.direct.start((job) => this.work(job, 'sweep'));
    super.onApplicationBootstrap();
  }

  /** Finishes the replies under way; what takes too long is released for other workers. */
  protected override async drain(): Promise<void> {
    const release = setTimeout(() => this.leased.stopAll('shutdown'), this.drainMs);
    await Promise.all([super.drain(), this.direct.stop()]);
    clearTimeout(release);
  }

  /** Whose trace it is tells the reply, once it is claimed: see {@link ReplyStoryService}. */
  protected override trace(_job: ReplyJob, _jobId: string | undefined, work: () => Promise<void>): Promise<void> {
    return work();
  }

  protected override async handle(job: ReplyJob): Promise<void> {
    this.queueWatch.jobArrived();
    await this.capacity.run(() => this.work(job, 'job'));
  }

  private async work(job: ReplyJob, by: 'job' | 'sweep'): Promise<void> {
    this.crashPoints.at('claim');
    const begunAt = Date.now();
    const claim = await this.claims.claim(job);
    if (claim === null) return;
    this.metrics.claimed(by);
    await this.story.answering(claim, { begunAt, traceParent: job.traceParent }, async () => {
      this.crashPoints.at('claimed');
      await this.leased.withLease(claim, (reply) => this.answer(reply));
    });
  }

  private async answer(reply: LeasedReply): Promise<void> {
    const { model, probes } = reply.claim;
    const pausedForMs = probes === 'model_unavailable' ? await this.availability.probe(model) : null;
    if (pausedForMs !== null) return await this.settlement.postpone(reply, pausedForMs);
    const outcome = await this.attempts.run(reply);
    reply.end();
    await this.settlement.settle(reply, outcome);
  }
}
