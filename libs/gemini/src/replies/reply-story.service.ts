import { type ReplyErrorCode } from '@app/chatroom';
import { REPLY_QUEUE } from '@app/contracts';
import { isSameTrace, noteOnSpan, queueAttributes, RequestContext, traced } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { LeasedReply } from './leased-reply.js';
import type { ClaimedReply, ReplyOrigin } from '../claims/reply-claim-sql.js';
import type { FinalReply } from './reply.store.js';

/** Why an attempt goes on elsewhere, or later. */
export interface Release {
  /** Null: the attempt did not fail, its process shuts down. */
  failure: ReplyErrorCode | null;
  /** Whether one of `REPLY_MAX_ATTEMPTS` is spent. */
  counted: boolean;
  /** Milliseconds until it is due. */
  dueInMs: number;
}

/** What brought a claimed reply to this worker. */
export interface Arrival {
  /** When its claim began, in milliseconds since 1970. */
  begunAt: number;
  /** The span that enqueued its job, as `traceparent`; absent: no job of the accepting trace. */
  traceParent?: string | undefined;
}

/**
 * A reply's life in a worker, as lines of the log: all of them under the id of the request that asked for it, whoever brought the
 * reply here. Ids, numbers and codes, never texts. The API begins the story with `reply accepted`.
 */
@Injectable()
export class ReplyStoryService {
  private readonly logger = new Logger('Reply');

  /**
   * Does the work on a claimed reply in the name of the request that asked for it, and in the trace of that request: after the job
   * that it made, or, where another one or none brought the reply, after the request itself.
   */
  async answering(claim: ClaimedReply, { begunAt, traceParent }: Arrival, work: () => Promise<void>): Promise<void> {
    const ofTrace = isSameTrace(traceParent, claim.traceParent);
    const scope = { requestId: claim.requestId ?? RequestContext.requestId ?? claim.id, userId: claim.userId };
    const beginning = {
      kind: SpanKind.CONSUMER,
      parent: ofTrace ? traceParent! : claim.traceParent,
      links: ofTrace ? [] : [traceParent],
      startTime: begunAt,
      attributes: attributesOf(claim),
    };
    await RequestContext.run(scope, () =>
      traced(`process ${REPLY_QUEUE.queue}`, beginning, async () => {
        this.claimed(claim);
        await work();
      }),
    );
  }

  private claimed(claim: ClaimedReply): void {
    const { waitedMs, failures, lastFailure, probes } = claim;
    this.logger.log({ ...factsOf(claim), waitedMs, failures, lastFailure, probes }, 'reply claimed');
  }

  /** The outcome is stored. */
  ended(reply: LeasedReply, final: FinalReply): void {
    const { status, error, finishReason } = final;
    const outcome = { status, code: error?.code ?? null, finishReason, modelVersion: final.model };
    noteOnSpan({ 'app.reply.outcome': status, ...(error === null ? {} : { 'error.type': error.code }) });
    this.logger.log({ ...this.attempt(reply), ...outcome, totalMs: reply.sinceAcceptedMs }, 'reply ended');
  }

  /** Another attempt follows. */
  released(reply: LeasedReply, { failure, counted, dueInMs }: Release): void {
    noteOnSpan({ 'app.reply.outcome': 'released', ...(failure === null ? {} : { 'error.type': failure }) });
    const again = { code: failure, counted, dueInMs, sinceAcceptedMs: reply.sinceAcceptedMs };
    this.logger.log({ ...this.attempt(reply), ...again }, 'reply released');
  }

  /** Another worker has it, or it was deleted: what this attempt wrote is discarded. */
  lost(reply: LeasedReply): void {
    noteOnSpan({ 'app.reply.outcome': 'lost' });
    this.logger.log({ ...this.attempt(reply), sinceAcceptedMs: reply.sinceAcceptedMs }, 'reply lost');
  }

  /** It was not claimed, since its model is paused. Null: it does not wait any more. */
  postponed(replyId: string, origin: ReplyOrigin, { model, dueInMs }: { model: string; dueInMs: number | null }): void {
    const { userId, chatroomId, requestId } = origin;
    const own = requestId === null ? {} : { requestId };
    this.logger.log({ ...own, userId, chatroomId, replyId, model, dueInMs }, 'reply postponed');
  }

  private attempt({ claim, call, firstWordMs }: LeasedReply): object {
    const tokens = call === null ? null : { ...call.tokens, isEstimate: call.isEstimate };
    return { ...factsOf(claim), ...tokens, waitedMs: claim.waitedMs, firstWordMs };
  }
}

const attributesOf = ({ id, chatroomId, userId, attempt, plan, waitedMs }: ClaimedReply): Attributes => ({
  ...queueAttributes(REPLY_QUEUE, 'process'),
  'app.reply.id': id,
  'app.chatroom.id': chatroomId,
  'app.reply.attempt': attempt,
  'app.reply.waited_ms': waitedMs,
  'app.plan': plan.name,
  'user.id': userId,
});

const factsOf = ({ userId, chatroomId, id, attempt, model, plan }: ClaimedReply): object => ({
  userId,
  chatroomId,
  replyId: id,
  attempt,
  model,
  plan: plan.name,
});
