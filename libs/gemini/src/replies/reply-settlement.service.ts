import { setTimeout as sleep } from 'node:timers/promises';
import { type ReplyErrorCode, ReplyCompletionService, ReplyJobsService, ReplyLogStore } from '@app/chatroom';
import { CrashPointService, withTimeout } from '@app/platform';
import { UsageMetrics } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import type { ModelCallUsage } from '../model/model-call-usage.js';
import { ModelAvailabilityService } from '../model/model-availability.service.js';
import { ChatroomNamingService } from '../naming/chatroom-naming.service.js';
import type { LeasedReply } from './leased-reply.js';
import { backoffMs, broken, type Outcome } from './reply-outcome.js';
import { ReplyConfig } from './reply.config.js';
import { ReplyMetrics } from './reply.metrics.js';
import { ReplyStoryService } from './reply-story.service.js';
import type { ClaimedReply } from '../claims/reply-claim-sql.js';
import { type FinalReply, ReplyStore } from './reply.store.js';

/** How often storing an outcome is tried while PostgreSQL is away: about half a minute, after which the sweep takes over. */
const STORE_TRIES = 12;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 3_000;

/** How long the end of a cancelled reply waits for its log. */
const LOG_TIMEOUT_MS = 300;

/** Settles an attempt: stores the reply's one outcome, or releases the reply for another attempt, perhaps after its model's pause. */
@Injectable()
export class ReplySettlementService {
  constructor(
    private readonly store: ReplyStore,
    private readonly jobs: ReplyJobsService,
    private readonly completion: ReplyCompletionService,
    private readonly log: ReplyLogStore,
    private readonly availability: ModelAvailabilityService,
    private readonly naming: ChatroomNamingService,
    private readonly metrics: ReplyMetrics,
    private readonly usage: UsageMetrics,
    private readonly story: ReplyStoryService,
    private readonly crashPoints: CrashPointService,
    private readonly config: ReplyConfig,
  ) {}

  /** Does what follows from an attempt, and tries for about half a minute while PostgreSQL is away. @throws after that */
  async settle(reply: LeasedReply, outcome: Outcome): Promise<void> {
    switch (outcome.type) {
      case 'final':
        return await this.finish(reply, outcome.final);
      case 'retry':
        return await this.retry(reply, outcome.failure, outcome.retryAfterMs);
      case 'unreadable':
        return await this.tryAgain(reply, 'model_unavailable', this.storeBackoffMs(reply));
      case 'refused':
        return await this.tryAgain(reply, 'model_rejected_request', null);
      case 'pause':
        return await this.pause(reply, outcome.retryAfterMs);
      case 'interrupted':
        return await this.release(reply, 0, null, false);
      case 'lost':
        return await this.discard(reply);
    }
  }

  private async finish(reply: LeasedReply, final: FinalReply): Promise<void> {
    const { claim } = reply;
    // Its room may be deleted right after, and the log with it: what is still on its way to Redis would stay there.
    if (final.status === 'cancelled') await withTimeout(LOG_TIMEOUT_MS, reply.close(), () => undefined);
    const finished = await persist(() => this.store.finish(claim, final, reply.call));
    if (finished === null) return await this.discard(reply);
    this.story.ended(reply, final);
    this.crashPoints.at('finished');
    this.metrics.finished(reply, final);
    this.recordCall(claim, reply.call);
    await this.completion.notifyAndEnqueue(claim, finished.next, finished.awaited);
    if (final.status === 'completed' && claim.title === null) this.naming.name(claim, final.content);
  }

  /** Puts off a reply whose model was found to be down before it was asked. No attempt is spent. */
  async postpone(reply: LeasedReply, pausedForMs: number): Promise<void> {
    await this.release(reply, pausedForMs, 'model_unavailable', false);
  }

  private async retry(reply: LeasedReply, failure: ReplyErrorCode, retryAfterMs: number | null): Promise<void> {
    await this.availability.failed({ model: reply.claim.model, replyId: reply.claim.id });
    await this.tryAgain(reply, failure, retryAfterMs);
  }

  /** Releases the reply for another attempt, or ends it with its failure after the last one. */
  private async tryAgain(reply: LeasedReply, failure: ReplyErrorCode, retryAfterMs: number | null): Promise<void> {
    const { claim } = reply;
    const failures = claim.failures + 1;
    if (failures >= this.config.REPLY_MAX_ATTEMPTS)
      return await this.finish(reply, broken(failure, reply, { usage: reply.usage }));
    await this.release(reply, backoffMs(this.config.REPLY_RETRY_BASE_MS, failures, retryAfterMs), failure, true);
  }

  /** A store that is away, perhaps since it is started again, is tried for about a minute. */
  private storeBackoffMs({ claim }: LeasedReply): number {
    return this.config.REPLY_RETRY_BASE_MS * 3 ** (claim.failures + 1);
  }

  private async pause(reply: LeasedReply, retryAfterMs: number | null): Promise<void> {
    const pausedForMs = await persist(() => this.availability.rateLimited(reply.claim.model, retryAfterMs));
    await this.release(reply, pausedForMs, 'model_rate_limited', false);
  }

  /** @param counted whether an attempt is spent */
  private async release(
    reply: LeasedReply,
    delayMs: number,
    failure: ReplyErrorCode | null,
    counted: boolean,
  ): Promise<void> {
    const { claim, call } = reply;
    const dueIn = await persist(() => this.store.release(claim, delayMs, failure, counted, call, reply));
    if (dueIn === null) return await this.discard(reply);
    if (failure !== null) this.metrics.retried(reply, failure);
    this.story.released(reply, { failure, counted, dueInMs: dueIn });
    this.recordCall(claim, call);
    await this.jobs.enqueueIn(dueIn, claim);
    // The place that it had among the user's replies is free until then.
    if (dueIn > 0) await this.completion.enqueueNext(claim);
  }

  private recordCall({ plan }: ClaimedReply, call: ModelCallUsage | null): void {
    if (call === null) return;
    const { model, tokens: usage, isEstimate: estimated } = call;
    this.usage.record({ model, plan: plan.name, purpose: 'reply', usage, estimated });
  }

  /** Another worker writes a log of its own; or the reply was deleted, and nothing of it may stay. */
  private async discard(reply: LeasedReply): Promise<void> {
    this.story.lost(reply);
    await reply.close();
    await this.log.remove(reply.claim.id, reply.claim.attempt).catch(() => undefined);
  }
}

/** PostgreSQL may be away for a moment just when there is something to store. */
async function persist<T>(write: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await write();
    } catch (error) {
      if (retries === STORE_TRIES) throw error;
      await sleep(Math.min(FIRST_RETRY_MS * 2 ** retries, LAST_RETRY_MS));
    }
  }
}
