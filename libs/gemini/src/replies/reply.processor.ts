import { REPLY_QUEUE, type ReplyJob } from '@app/contracts';
import { CrashPointService, ProcessConfig, QueueWorkerHost } from '@app/platform';
import { Processor } from '@nestjs/bullmq';
import { ModelAvailabilityService } from '../model/model-availability.service.js';
import { LeasedRepliesService } from './leased-replies.service.js';
import type { LeasedReply } from './leased-reply.js';
import { ReplyAttemptService } from './reply-attempt.service.js';
import { ReplyClaimService } from './reply-claim.service.js';
import { ReplySettlementService } from './reply-settlement.service.js';
import { ReplyWorkerConfig } from './reply-worker.config.js';

/** How long before the process must have ended the unfinished replies are released. */
const RELEASE_MS = 3_000;

/** How long jobs under way may take after a shutdown has begun, before their replies are released. */
const drainMs = ({ SHUTDOWN_TIMEOUT_MS }: ProcessConfig): number => Math.max(0, SHUTDOWN_TIMEOUT_MS - RELEASE_MS);

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
  constructor(
    private readonly claims: ReplyClaimService,
    private readonly leased: LeasedRepliesService,
    private readonly availability: ModelAvailabilityService,
    private readonly attempts: ReplyAttemptService,
    private readonly settlement: ReplySettlementService,
    private readonly crashPoints: CrashPointService,
    private readonly processConfig: ProcessConfig,
    workerConfig: ReplyWorkerConfig,
  ) {
    super({
      contract: REPLY_QUEUE,
      concurrency: workerConfig.WORKER_CONCURRENCY,
      closeTimeoutMs: drainMs(processConfig) + RELEASE_MS / 2,
    });
  }

  /** Takes no further job, and finishes those under way; what takes too long is released for other workers. */
  override async onModuleDestroy(): Promise<void> {
    const release = setTimeout(() => this.leased.stopAll('shutdown'), drainMs(this.processConfig));
    await super.onModuleDestroy();
    clearTimeout(release);
  }

  protected override async handle({ replyId, inTurn }: ReplyJob): Promise<void> {
    this.crashPoints.at('claim');
    const claim = await this.claims.claim(replyId, inTurn);
    if (claim === null) return;
    this.crashPoints.at('claimed');
    await this.leased.withLease(claim, (reply) => this.answer(reply));
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
