import { CrashPointService } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { LanguageModel, type ModelEnd, ModelError } from '../model/language-model.port.js';
import { ModelAvailabilityService } from '../model/model-availability.service.js';
import { HistoryService } from './history.service.js';
import type { LeasedReply } from './leased-reply.js';
import { broken, cancelled, judgeEnd, judgeError, type Outcome } from './reply-outcome.js';
import { ReplyMetrics } from './reply.metrics.js';

/** One attempt at a reply: shows the model the conversation, lets it write, and judges what came of it. */
@Injectable()
export class ReplyAttemptService {
  private readonly logger = new Logger(ReplyAttemptService.name);

  constructor(
    private readonly history: HistoryService,
    private readonly model: LanguageModel,
    private readonly availability: ModelAvailabilityService,
    private readonly metrics: ReplyMetrics,
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
      this.logger.warn(`Model call failed, ${error.failure}: ${error.message}`);
      return judgeError(reply.text, error);
    } finally {
      done();
    }
  }

  private async write(reply: LeasedReply): Promise<ModelEnd> {
    const { claim, signal } = reply;
    const { model, systemInstruction, prompt } = claim;
    const asked = { model, systemInstruction, prompt };
    const request = { ...asked, history: await this.history.before(claim, asked, signal) };
    // A room's conversation isn't kept for as long as the model writes.
    claim.newestTurns = [];
    const stream = this.model.stream(request, signal);
    for (;;) {
      const next = await stream.next();
      if (next.done === true) return next.value;
      if (reply.text === '') await this.availability.answered(claim.model, claim.probes !== null);
      reply.append(next.value);
      this.crashPoints.at('first-token');
    }
  }
}

function stopped(reply: LeasedReply): Outcome {
  switch (reply.stopped) {
    case 'cancelled':
      return { type: 'final', final: cancelled(reply.text) };
    case 'deadline':
      return { type: 'final', final: broken('timed_out', reply.text) };
    case 'shutdown':
      return { type: 'interrupted' };
    case 'lost':
    case null:
      return { type: 'lost' };
  }
}
