import { setTimeout as sleep } from 'node:timers/promises';
import { type ReplyErrorCode, ReplyCompletionService, ReplyJobsService, ReplyLogStore } from '@app/chatroom';
import { CrashPointService } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { ChatroomNamingService } from '../naming/chatroom-naming.service.js';
import type { LeasedReply } from './leased-reply.js';
import { backoffMs, broken, type Outcome } from './reply-outcome.js';
import { ReplyConfig } from './reply.config.js';
import { ReplyMetrics } from './reply.metrics.js';
import { type ClaimedReply, type FinalReply, ReplyStore } from './reply.store.js';

/** The pause of the whole queue when the project is over its rate and the vendor doesn't say for how long. */
const DEFAULT_PAUSE_MS = 5_000;

/** How often storing an outcome is tried while PostgreSQL is away: about half a minute, after which the sweep takes over. */
const STORE_TRIES = 12;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 3_000;

/** Settles an attempt: stores the reply's one outcome, or releases the reply for another attempt. */
@Injectable()
export class ReplySettlementService {
  private readonly logger = new Logger(ReplySettlementService.name);

  constructor(
    private readonly store: ReplyStore,
    private readonly jobs: ReplyJobsService,
    private readonly completion: ReplyCompletionService,
    private readonly log: ReplyLogStore,
    private readonly naming: ChatroomNamingService,
    private readonly metrics: ReplyMetrics,
    private readonly crashPoints: CrashPointService,
    private readonly config: ReplyConfig,
  ) {}

  async settle(reply: LeasedReply, outcome: Outcome): Promise<void> {
    switch (outcome.type) {
      case 'final':
        return await this.finish(reply, outcome.final);
      case 'retry':
        return await this.retry(reply, outcome.failure, outcome.retryAfterMs);
      case 'pause':
        return await this.pause(reply.claim, outcome.retryAfterMs);
      case 'interrupted':
        return await this.release(reply.claim, 0, null, false);
      case 'lost':
        return await this.removeLog(reply);
    }
  }

  private async finish(reply: LeasedReply, final: FinalReply): Promise<void> {
    const { claim } = reply;
    const stored = await persist(() => this.store.finish(claim, final));
    if (!stored) {
      this.logger.log('The reply was finished elsewhere; this result is discarded');
      return await this.removeLog(reply);
    }
    this.crashPoints.at('finished');
    this.metrics.finished(final);
    await this.completion.notifyAndEnqueueNext(claim.id, claim.attempt);
    if (final.status === 'completed' && claim.title === null) this.naming.name(claim, final.content);
  }

  private async retry(reply: LeasedReply, failure: ReplyErrorCode, retryAfterMs: number | null): Promise<void> {
    const { claim } = reply;
    const failures = claim.failures + 1;
    if (failures >= this.config.REPLY_MAX_ATTEMPTS) return await this.finish(reply, broken(failure, reply.text));
    const delay = backoffMs(this.config.REPLY_RETRY_BASE_MS, failures, retryAfterMs);
    await this.release(claim, delay, failure, true);
  }

  /** The vendor's rate limit counts all replies together, so asking for others meanwhile would only make it worse. */
  private async pause(claim: ClaimedReply, retryAfterMs: number | null): Promise<void> {
    const pause = backoffMs(retryAfterMs ?? DEFAULT_PAUSE_MS, 1, null);
    this.logger.warn(`Over the model's rate limit: the queue waits for ${Math.round(pause)} ms`);
    await this.jobs.pause(Math.ceil(pause));
    await this.release(claim, pause, 'model_rate_limited', false);
  }

  /** @param counted whether an attempt is spent */
  private async release(
    claim: ClaimedReply,
    delayMs: number,
    failure: ReplyErrorCode | null,
    counted: boolean,
  ): Promise<void> {
    const dueIn = await persist(() => this.store.release(claim, delayMs, failure, counted));
    if (dueIn !== null) await this.jobs.enqueue([claim], dueIn);
  }

  /** Another worker writes a log of its own; or the reply was deleted, and nothing of it may stay. */
  private async removeLog(reply: LeasedReply): Promise<void> {
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
