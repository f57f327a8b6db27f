import { setTimeout as setTimeoutAsync } from 'node:timers/promises';
import { type ClaimedReply, type FinalReply, ReplyBell, ReplyConfig, ReplyLog, ReplyStore } from '@app/chatroom';
import { MESSAGE_QUEUE, REPLY_JOB_VERSION, type ReplyJob } from '@app/contracts';
import { CrashPoints, ProcessConfig, RequestContext } from '@app/platform';
import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import { defer, lastValueFrom, retry, timer } from 'rxjs';
import { GeminiConfig } from '../model/gemini.config.js';
import { HeldReplies, type HeldReply } from './leased-replies.service.js';
import { History } from './history.service.js';
import { LanguageModel, ModelError } from '../model/language-model.port.js';
import { backoffMs, broken, cancelled, judgeEnd, judgeError, type Outcome } from './reply-outcome.js';
import { ReplyMetrics } from './reply.metrics.js';
import { ReplyWorkerConfig } from './reply-worker.config.js';
import { RoomNaming } from './room-naming.service.js';

/** The pause of the whole queue when the project is over its rate and the vendor doesn't say for how long. */
const DEFAULT_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;

/** How long pausing the queue may take. */
const PAUSING_MS = 500;

/** How long before the process must be gone the unfinished replies are given back. */
const HAND_BACK_MS = 3_000;

/** How often storing an outcome is tried while PostgreSQL is away: about half a minute, after which the sweep takes over. */
const STORE_TRIES = 12;

/**
 * Answers messages: takes a ring from the queue, claims the reply in PostgreSQL, lets the model write, and stores the
 * one outcome. A ring for a reply that is finished, not due, held by a living worker or not the first of its room finds
 * nothing to claim and ends at once.
 */
@Processor(MESSAGE_QUEUE, {
  autorun: false,
  // The ring of a worker that died before it claimed keeps later rings out until its lock has run out: so that is short.
  lockDuration: 6_000,
  stalledInterval: 3_000,
  maxStalledCount: 1,
  // No limit of ours; but without one BullMQ doesn't look whether the queue is to wait (`Worker.rateLimit`).
  limiter: { max: 1_000_000_000, duration: 1_000 },
})
export class ReplyProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ReplyProcessor.name);

  constructor(
    private readonly store: ReplyStore,
    private readonly bell: ReplyBell,
    private readonly log: ReplyLog,
    private readonly held: HeldReplies,
    private readonly history: History,
    private readonly model: LanguageModel,
    private readonly naming: RoomNaming,
    private readonly metrics: ReplyMetrics,
    private readonly faults: CrashPoints,
    private readonly replyConfig: ReplyConfig,
    private readonly workerConfig: ReplyWorkerConfig,
    private readonly geminiConfig: GeminiConfig,
    private readonly processConfig: ProcessConfig,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.workerConfig.WORKER_CONCURRENCY;
    this.worker.on('error', (error) => this.logger.debug(`Queue: ${error.message}`));
    void this.worker.run();
  }

  /** Takes no further job, and finishes those under way; what takes too long goes back for others to write. */
  async onModuleDestroy(): Promise<void> {
    const drain = Math.max(0, this.processConfig.SHUTDOWN_TIMEOUT_MS - HAND_BACK_MS);
    const handBack = setTimeout(() => this.held.stopAll('shutdown'), drain);
    // Closing waits for Redis, too, for ever: what it doesn't finish by then is found by the sweep of another worker.
    const patience = setTimeoutAsync(drain + HAND_BACK_MS / 2, undefined, { ref: false });
    await Promise.race([this.worker.close(), patience]);
    clearTimeout(handBack);
  }

  /** BullMQ's entry. */
  override async process({ id, data }: Job<ReplyJob>): Promise<void> {
    if (data.v !== REPLY_JOB_VERSION) return this.logger.warn(`A job of version ${String(data.v)} was dropped`);
    await RequestContext.run({ requestId: data.requestId ?? id ?? data.replyId }, () => this.answer(data.replyId));
  }

  private async answer(replyId: string): Promise<void> {
    this.faults.at('claim');
    const claim = await this.store.claim(replyId);
    if (claim === null) return;
    this.faults.at('claimed');
    await this.held.hold(claim, async (reply) => {
      const outcome = await this.attempt(reply);
      reply.endDeadline();
      if (outcome === null) return;
      switch (outcome.type) {
        case 'final':
          return await this.finish(reply, outcome.final);
        case 'retry':
          return await this.retryLater(reply, outcome);
        case 'pause':
          return await this.pauseQueue(claim, outcome.retryAfterMs);
      }
    });
  }

  /** One model call, judged. Null: the reply isn't ours to decide on any more. */
  private async attempt(reply: HeldReply): Promise<Outcome | null> {
    const { claim } = reply;
    if (claim.cancel_requested) return { type: 'final', final: cancelled(claim.content) };
    if (claim.deadline_in_ms <= 0) return { type: 'final', final: broken(claim.last_failure ?? 'timed_out', '') };
    const done = this.metrics.attemptStarted();
    try {
      const end = await this.write(reply);
      this.faults.at('answered');
      return judgeEnd(reply.text, end);
    } catch (error) {
      if (reply.stopped !== null) return await this.stopped(reply);
      if (!(error instanceof ModelError)) throw error;
      this.logger.warn(`Model call failed, ${error.failure}: ${error.message}`);
      return judgeError(reply.text, error);
    } finally {
      done();
    }
  }

  private async write(reply: HeldReply) {
    const { claim, signal } = reply;
    const asked = {
      model: claim.model ?? this.geminiConfig.GEMINI_MODEL,
      systemInstruction: claim.system_instruction,
      prompt: claim.prompt,
    };
    const request = { ...asked, history: await this.history.before(claim, asked, signal) };
    // A room's conversation isn't kept for as long as the model writes.
    claim.newest_turns = [];
    const stream = this.model.stream(request, signal);
    for (;;) {
      const next = await stream.next();
      if (next.done === true) return next.value;
      reply.append(next.value);
      this.faults.at('first-word');
    }
  }

  private async stopped(reply: HeldReply): Promise<Outcome | null> {
    switch (reply.stopped) {
      case 'cancelled':
        return { type: 'final', final: cancelled(reply.text) };
      case 'deadline':
        return { type: 'final', final: broken('timed_out', reply.text) };
      case 'shutdown':
        await this.giveBack(reply.claim, 0, null);
        return null;
      case 'lost':
      case null:
        await this.forgetLog(reply);
        return null;
    }
  }

  /** Another worker writes a log of its own; or the reply was deleted, and nothing of it may stay. */
  private async forgetLog(reply: HeldReply): Promise<void> {
    await reply.close();
    await this.log.remove(reply.claim.id, reply.claim.fence).catch(() => undefined);
  }

  private async finish(reply: HeldReply, final: FinalReply): Promise<void> {
    const { claim } = reply;
    const stored = await this.persist(() => this.store.finish(claim, final));
    if (!stored) {
      this.logger.log('The reply was finished elsewhere; this result is thrown away');
      return await this.forgetLog(reply);
    }
    this.faults.at('finished');
    this.metrics.finished(final);
    await this.log.done(claim.id, claim.fence);
    const next = await this.store.nextInRoom(claim.id);
    if (next !== null) await this.bell.ring([next]);
    if (final.status === 'completed' && claim.title === null) this.naming.name(claim, final.content);
  }

  private async retryLater(reply: HeldReply, outcome: Extract<Outcome, { type: 'retry' }>): Promise<void> {
    const { claim } = reply;
    const failures = claim.failures + 1;
    if (failures >= this.replyConfig.REPLY_MAX_ATTEMPTS) {
      return await this.finish(reply, broken(outcome.failure, reply.text));
    }
    const delay = backoffMs(this.replyConfig.REPLY_RETRY_BASE_MS, failures, outcome.retryAfterMs);
    await this.giveBack(claim, delay, outcome.failure);
  }

  /** Gemini's rate limit is the project's, so asking for other replies meanwhile would only make it worse. */
  private async pauseQueue(claim: ClaimedReply, retryAfterMs: number | null): Promise<void> {
    const pause = Math.min(backoffMs(retryAfterMs ?? DEFAULT_PAUSE_MS, 1, null), MAX_PAUSE_MS);
    this.logger.warn(`Over the model's rate limit: the queue waits for ${Math.round(pause)} ms`);
    // Without Redis there is no queue to pause, and the reply must not wait for that.
    const paused = this.worker.rateLimit(Math.ceil(pause)).catch(() => undefined);
    await Promise.race([paused, setTimeoutAsync(PAUSING_MS, undefined, { ref: false })]);
    await this.giveBack(claim, pause, 'model_rate_limited', false);
  }

  /** @param counted whether an attempt is spent */
  private async giveBack(
    claim: ClaimedReply,
    delayMs: number,
    failure: ClaimedReply['last_failure'],
    counted = failure !== null,
  ): Promise<void> {
    const dueIn = await this.persist(() => this.store.release(claim, delayMs, failure, counted));
    if (dueIn !== null) await this.bell.ring([claim], dueIn);
  }

  /** PostgreSQL may be away for a moment just when there is something to store. */
  private persist<T>(write: () => Promise<T>): Promise<T> {
    const delay = (_error: unknown, tries: number) => timer(Math.min(100 * 2 ** tries, 3_000));
    return lastValueFrom(defer(write).pipe(retry({ count: STORE_TRIES, delay })));
  }
}
