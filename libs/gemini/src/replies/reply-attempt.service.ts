import { FileStoreUnavailableError } from '@app/file';
import { CrashPointService, isOutage } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { tracedAnswer } from '../model/gen-ai.span.js';
import {
  LanguageModel,
  type ModelEnd,
  ModelError,
  type ModelFailure,
  type ModelRequest,
  UnreadableFileError,
} from '../model/language-model.port.js';
import { ModelAvailabilityService } from '../model/model-availability.service.js';
import { estimateTokens, ModelCallUsage } from '../model/model-call-usage.js';
import { ModelMetrics } from '../model/model.metrics.js';
import { HistoryService } from '../claims/history.service.js';
import type { ClaimedReply } from '../claims/reply-claim-sql.js';
import { ShownFilesService, withoutFiles } from '../claims/shown-files.service.js';
import type { LeasedReply } from './leased-reply.js';
import {
  broken,
  cancelled,
  judgeEnd,
  judgeError,
  NOTHING_WRITTEN,
  type Outcome,
  type Written,
} from './reply-outcome.js';
import { ReplyMetrics } from './reply.metrics.js';
import { ReplyStore } from './reply.store.js';

/** Failures after which the model may be over its rate limit or down. */
const PASSING: ReadonlySet<ModelFailure> = new Set(['unavailable', 'rate_limited']);

/** One attempt at a reply: shows the model the conversation, lets it write, and judges what came of it. */
@Injectable()
export class ReplyAttemptService {
  private readonly logger = new Logger(ReplyAttemptService.name);

  constructor(
    private readonly history: HistoryService,
    private readonly files: ShownFilesService,
    private readonly store: ReplyStore,
    private readonly model: LanguageModel,
    private readonly availability: ModelAvailabilityService,
    private readonly metrics: ReplyMetrics,
    private readonly models: ModelMetrics,
    private readonly crashPoints: CrashPointService,
  ) {}

  /**
   * What follows from the attempt. Without a model call where the reply was cancelled before, its deadline has passed, or the model, which
   * may have been changed meanwhile, takes no files as the question has them.
   */
  async run(reply: LeasedReply): Promise<Outcome> {
    const { claim } = reply;
    if (claim.cancelRequested) return { type: 'final', final: cancelled(stored(claim)) };
    if (claim.deadlineInMs <= 0)
      return { type: 'final', final: broken(claim.lastFailure ?? 'timed_out', NOTHING_WRITTEN) };
    const isTaken = claim.promptFiles?.every((file) => this.files.isTaken(claim.model, file)) ?? true;
    if (!isTaken) return { type: 'final', final: broken('model_rejected_request', NOTHING_WRITTEN) };
    const done = this.metrics.attemptStarted();
    try {
      const end = await this.write(reply);
      this.crashPoints.at('answered');
      return judgeEnd(reply, end);
    } catch (error) {
      return await this.judge(reply, error);
    } finally {
      done();
    }
  }

  /** What follows from a failure. @throws the error, where it is none of the model's */
  private async judge(reply: LeasedReply, error: unknown): Promise<Outcome> {
    const { claim } = reply;
    if (reply.stopped !== null) return stopped(reply);
    if (error instanceof UnreadableFileError && reply.isUntold) return this.unread(reply, error);
    if (!(error instanceof ModelError)) throw error;
    this.models.failed(claim.model, error.failure);
    this.report(error, claim.ownModel);
    if (error.isRefusal) reply.call?.refused();
    // A refusal, too, shows that the model can be reached.
    if (!PASSING.has(error.failure)) await this.availability.answered(claim.model, claim.probes !== null);
    if (error.failure === 'rejected' && reply.wasAskedForMore && reply.isUntold) return { type: 'refused' };
    return judgeError(reply, error, claim.ownModel);
  }

  private async write(reply: LeasedReply): Promise<ModelEnd> {
    const { claim, signal } = reply;
    const { model, systemInstruction, prompt, plan, temperature } = claim;
    const maxOutputTokens = Math.min(claim.maxOutputTokens ?? Infinity, plan.maxOutputTokens);
    const files = (claim.promptFiles ?? []).map((file) => this.files.toModelFile(file));
    const asked = { model, systemInstruction, prompt, files, maxOutputTokens, temperature };
    const { thinking, showThoughts, search } = wasRefused(claim) ? NOTHING_MORE : claim;
    const settled = { ...asked, thinking, showThoughts, search };
    const request = { ...settled, history: await this.history.before(claim, settled, signal) };
    // A room's conversation isn't kept for as long as the model writes.
    claim.newestTurns = [];
    try {
      return await this.ask(reply, wasRefused(claim) ? withoutPastFiles(request) : request);
    } catch (error) {
      const isOfHistory = error instanceof UnreadableFileError && !files.includes(error.file);
      // The first time it may be a moment in which the store is away.
      if (!isOfHistory || claim.failures === 0 || reply.stopped !== null || !reply.isUntold) throw error;
      this.logger.warn('Files of earlier questions could not be read, and are left out');
      return await this.ask(reply, withoutPastFiles(request));
    }
  }

  /** The model has got no whole request, so there was no call of it, and no failure of its. */
  private unread(reply: LeasedReply, { message, cause }: UnreadableFileError): Outcome {
    // What doesn't pass an operator has to mend.
    const passes = cause instanceof FileStoreUnavailableError || isOutage(cause);
    this.logger[passes ? 'warn' : 'error'](message, cause);
    reply.call = null;
    return { type: 'unreadable' };
  }

  private async ask(reply: LeasedReply, request: ModelRequest): Promise<ModelEnd> {
    const { claim, signal } = reply;
    const call = new ModelCallUsage(request.model, promptEstimate(request));
    // A further call of this attempt replaces what was noted of the one before.
    const isNoted = hasFiles(request) || reply.call !== null;
    // That one was none: the model has got no whole request.
    reply.call = null;
    if (isNoted && !(await this.store.beginCall(claim, call.promptEstimate))) reply.stop('lost');
    // A call that is never made is not counted.
    signal.throwIfAborted();
    reply.call = call;
    reply.wasAskedForMore = asksForMore(request);
    const stream = tracedAnswer(this.model, request, signal, claim.chatroomId);
    let next = await stream.next();
    await this.availability.answered(claim.model, claim.probes !== null);
    for (; next.done !== true; next = await stream.next()) {
      call.take(next.value);
      // A model may tell its thoughts unasked.
      if (request.showThoughts) reply.appendThought(next.value.thought);
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

/** What an earlier attempt wrote of a reply that is to stop. */
const stored = ({ content, thoughts }: ClaimedReply): Written => ({ text: content, thoughts: thoughts ?? '' });

/** Whether the attempt before was refused for more than it could do without. */
const wasRefused = ({ lastFailure }: ClaimedReply): boolean => lastFailure === 'model_rejected_request';

const NOTHING_MORE = { thinking: null, showThoughts: false, search: false };

/** Whether a request has what an answer can do without, and what some models refuse: files of earlier questions, thinking, searches. */
const asksForMore = ({ history, thinking, showThoughts, search }: ModelRequest): boolean =>
  thinking !== null || showThoughts || search || history.some(hasOwnFiles);

const hasFiles = (request: ModelRequest): boolean => hasOwnFiles(request) || request.history.some(hasOwnFiles);

const hasOwnFiles = ({ files = [] }: { files?: readonly unknown[] }): boolean => files.length > 0;

const withoutPastFiles = (request: ModelRequest): ModelRequest => ({
  ...request,
  history: request.history.map(withoutFiles),
});

function promptEstimate({ systemInstruction, history, prompt, files }: ModelRequest): number {
  return [...history, { text: prompt, files }].reduce(
    (sum, said) => sum + estimateTokens(said.text) + (said.files ?? []).reduce((all, { tokens }) => all + tokens, 0),
    estimateTokens(systemInstruction ?? ''),
  );
}

function stopped(reply: LeasedReply): Outcome {
  switch (reply.stopped) {
    case 'cancelled':
      return { type: 'final', final: cancelled(reply, reply.usage) };
    case 'deadline':
      return { type: 'final', final: broken('timed_out', reply, { usage: reply.usage }) };
    case 'shutdown':
      return { type: 'interrupted' };
    case 'lost':
    case null:
      return { type: 'lost' };
  }
}
