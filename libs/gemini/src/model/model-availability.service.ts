import { ModelCallService } from '@app/subscription';
import { Injectable, Logger } from '@nestjs/common';
import { LanguageModel, ModelError } from './language-model.port.js';
import { estimateTokens, ModelCallUsage } from './model-call-usage.js';
import { ModelPauseStore } from './model-pause.store.js';
import { ModelMetrics } from './model.metrics.js';

/** The pause of a model over its rate limit, where the vendor doesn't say for how long. */
const RATE_LIMIT_PAUSE = { baseMs: 5_000, maxMs: 120_000 };

/** The pause of a model that is down: as soon as it works again, answers are to come. */
const OUTAGE_PAUSE = { baseMs: 1_000, maxMs: 15_000 };

/** So many failures in a row, of at least so many replies, make it likely that the model is down rather than a request bad. */
const SUSPICIOUS_FAILURES = 5;
const SUSPICIOUS_REPLIES = 2;

/** How long a model that seems down may take to answer one word. */
const PROBE_TIMEOUT_MS = 10_000;
const PROBE = {
  systemInstruction: null,
  history: [],
  prompt: 'Hello',
  maxOutputTokens: 64,
  thinking: null,
  temperature: null,
  showThoughts: false,
  search: false,
  files: [],
};

/** A call of a model for a reply. */
export interface ModelCallOutcome {
  model: string;
  replyId: string;
}

/**
 * Keeps workers from calling a model that can't answer: one that is over its rate limit, or that is down. The pause is the
 * model's own, so other models go on, and all workers keep it. No attempt of a reply is spent on it.
 */
@Injectable()
export class ModelAvailabilityService {
  private readonly logger = new Logger(ModelAvailabilityService.name);
  /** By model: the replies of the calls that failed in this process since one last succeeded, and how many calls. */
  private readonly failing = new Map<string, { calls: number; replies: Set<string> }>();

  constructor(
    private readonly model: LanguageModel,
    private readonly pauses: ModelPauseStore,
    private readonly calls: ModelCallService,
    private readonly metrics: ModelMetrics,
  ) {}

  /** Whether the model is paused, or only tried again by one reply. */
  isPaused(model: string): Promise<boolean> {
    return this.pauses.isPaused(model);
  }

  /**
   * The vendor refused a call since the model is over its rate limit.
   *
   * @param retryAfterMs how long the vendor asked to wait; null: it didn't say
   * @returns the milliseconds until a reply may try it again
   */
  async rateLimited(model: string, retryAfterMs: number | null): Promise<number> {
    return this.pause(model, 'model_rate_limited', { floorMs: retryAfterMs ?? 0, ...RATE_LIMIT_PAUSE });
  }

  /**
   * The model began to answer.
   *
   * @param probed the reply was the one that tries a paused model
   */
  async answered(model: string, probed: boolean): Promise<void> {
    this.failing.delete(model);
    if (!probed) return;
    if (await this.pauses.end(model)) this.logger.log(`The model ${model} answers again`);
  }

  /**
   * A call failed in a way that may be the model's or the request's own. After several in a row the model is asked for a
   * word by itself: should it fail as well, it is down, and gets a pause. So no one's bad request pauses it for others.
   */
  async failed({ model, replyId }: ModelCallOutcome): Promise<void> {
    const failing = this.failing.get(model) ?? { calls: 0, replies: new Set<string>() };
    this.failing.set(model, failing);
    failing.calls++;
    failing.replies.add(replyId);
    if (failing.calls < SUSPICIOUS_FAILURES || failing.replies.size < SUSPICIOUS_REPLIES) return;
    this.failing.delete(model);
    await this.ask(model);
  }

  /**
   * Tries a model that was down, before a reply does.
   *
   * @returns the milliseconds of the next pause; null: it answers, and is paused no more
   */
  async probe(model: string): Promise<number | null> {
    const pausedForMs = await this.ask(model);
    if (pausedForMs === null) await this.answered(model, true);
    return pausedForMs;
  }

  private async pause(...[model, reason, length]: Parameters<ModelPauseStore['begin']>): Promise<number> {
    const remainingMs = await this.pauses.begin(model, reason, length);
    this.logger.warn(`The model ${model} is paused for ${remainingMs} ms: ${reason}`);
    return remainingMs;
  }

  /**
   * Asks the model the simplest question. A refusal of this request is not an outage.
   *
   * @returns the milliseconds of the pause that it gets for not answering; null: it answers
   */
  private async ask(model: string): Promise<number | null> {
    const usage = new ModelCallUsage(model, estimateTokens(PROBE.prompt));
    const callId = await this.calls.beginProbe(model, usage.promptEstimate);
    const probe = this.model.stream({ model, ...PROBE }, AbortSignal.timeout(PROBE_TIMEOUT_MS));
    try {
      for await (const piece of probe) usage.take(piece);
      return null;
    } catch (error) {
      if (error instanceof ModelError) {
        this.metrics.failed(model, error.failure);
        if (error.isRefusal) usage.refused();
        if (error.failure === 'rate_limited') return await this.rateLimited(model, error.retryAfterMs);
        if (error.failure !== 'unavailable') return null;
      }
      return await this.pause(model, 'model_unavailable', { floorMs: 0, ...OUTAGE_PAUSE });
    } finally {
      await this.calls.settle(callId, usage.isEstimate ? null : usage.tokens);
    }
  }
}
