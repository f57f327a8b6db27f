import { CrashPointService } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { tracedAnswer } from '../model/gen-ai.span.js';
import {
  LanguageModel,
  type ModelEnd,
  ModelError,
  type ModelFailure,
  type ModelRequest,
} from '../model/language-model.port.js';
import { ModelAvailabilityService } from '../model/model-availability.service.js';
import { estimateTokens, ModelCallUsage } from '../model/model-call-usage.js';
import { ModelMetrics } from '../model/model.metrics.js';
import { HistoryService } from '../claims/history.service.js';
import type { LeasedReply } from './leased-reply.js';
import { broken, cancelled, judgeEnd, judgeError, type Outcome } from './reply-outcome.js';
import { ReplyMetrics } from './reply.metrics.js';

/** Failures after which the model may be over its rate limit or down. */
const PASSING: ReadonlySet<ModelFailure> = new Set(['unavailable', 'rate_limited']);

/** One attempt at a reply: shows the model the conversation, lets it write, and judges what came of it. */
@Injectable()
export class ReplyAttemptService {
  private readonly logger = new Logger(ReplyAttemptService.name);

  constructor(
    private readonly history: HistoryService,
    private readonly model: LanguageModel,
    private readonly availability: ModelAvailabilityService,
    private readonly metrics: ReplyMetrics,
    private readonly models: ModelMetrics,
    private readonly crashPoints: CrashPointService,
  ) {}

  /** What follows from the attempt. Without a model call where the reply was cancelled before, or its deadline has passed. */
  async run(reply: LeasedReply): Promise<Outcome> {
    const { claim } = reply;
    if (claim.cancelRequested) return { type: 'final', final: cancelled(claim.content) };
    if (claim.deadlineInMs <= 0) return { type: 'final', final: broken(claim.lastFailure ?? 'timed_out', '') };
    const done = this.metrics.attemptStarted();
    try {
      const end = await this.write(reply);
      this.crashPoints.at('answered');
      return judgeEnd(reply.text, end);
    } catch (error) {
      if (reply.stopped !== null) return stopped(reply);
      if (!(error instanceof ModelError)) throw error;
      this.models.failed(claim.model, error.failure);
      this.report(error, claim.ownModel);
      if (error.isRefusal) reply.call?.refused();
      // A refusal, too, shows that the model can be reached.
      if (!PASSING.has(error.failure)) await this.availability.answered(claim.model, claim.probes !== null);
      return judgeError(reply, error, claim.ownModel);
    } finally {
      done();
    }
  }

  private async write(reply: LeasedReply): Promise<ModelEnd> {
    const { claim, signal } = reply;
    const { model, systemInstruction, prompt, plan, thinking, temperature } = claim;
    const maxOutputTokens = Math.min(claim.maxOutputTokens ?? Infinity, plan.maxOutputTokens);
    const asked = { model, systemInstruction, prompt, maxOutputTokens, thinking, temperature };
    const request = { ...asked, history: await this.history.before(claim, asked, signal) };
    // A room's conversation isn't kept for as long as the model writes.
    claim.newestTurns = [];
    // A call that is never made is not counted.
    signal.throwIfAborted();
    const call = new ModelCallUsage(model, promptEstimate(request));
    reply.call = call;
    const stream = tracedAnswer(this.model, request, signal, claim.chatroomId);
    let next = await stream.next();
    await this.availability.answered(claim.model, claim.probes !== null);
    for (; next.done !== true; next = await stream.next()) {
      call.take(next.value);
      if (next.value.text === '') continue;
      if (reply.text === '') this.metrics.begun(reply);
      reply.append(next.value.text);
      this.crashPoints.at('first-token');
    }
    return next.value;
  }

  /** Only what an operator can mend alarms one: not the choice of a room, and not what passes. */
  private report({ failure, message }: ModelError, ownModel: boolean): void {
    if (failure === 'misconfigured') this.logger.error(`The model cannot be used: ${message}`);
    else if (failure !== 'unknown_model') this.logger.warn(`Model call failed, ${failure}: ${message}`);
    else if (ownModel) this.logger.log('The model that a room chose does not exist');
    else this.logger.error(`A default model cannot be used: ${message}`);
  }
}

function promptEstimate({ systemInstruction, history, prompt }: ModelRequest): number {
  return history.reduce(
    (sum, { text }) => sum + estimateTokens(text),
    estimateTokens(systemInstruction ?? '') + estimateTokens(prompt),
  );
}

function stopped(reply: LeasedReply): Outcome {
  switch (reply.stopped) {
    case 'cancelled':
      return { type: 'final', final: cancelled(reply.text, reply.usage) };
    case 'deadline':
      return { type: 'final', final: broken('timed_out', reply.text, { usage: reply.usage }) };
    case 'shutdown':
      return { type: 'interrupted' };
    case 'lost':
    case null:
      return { type: 'lost' };
  }
}
