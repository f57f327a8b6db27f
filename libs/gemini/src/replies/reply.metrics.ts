import type { ReplyErrorCode } from '@app/chatroom';
import { Metrics } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { ModelMetrics } from '../model/model.metrics.js';
import { LeasedRepliesService } from './leased-replies.service.js';
import type { LeasedReply } from './leased-reply.js';
import { type FinalReply, isRefunded } from './reply.store.js';

/** What an operator wants to see of replies. */
@Injectable()
export class ReplyMetrics {
  private readonly outcomes: Counter<'status' | 'code'>;
  private readonly claims: Counter<'by'>;
  private readonly attempts: Histogram;
  private readonly firstWord: Histogram<'plan'>;
  private readonly done: Histogram<'plan' | 'status'>;
  private readonly retries: Counter<'model' | 'code'>;
  private readonly refunds: Counter<'plan'>;

  constructor(
    metrics: Metrics,
    leased: LeasedRepliesService,
    private readonly models: ModelMetrics,
  ) {
    const registers = [metrics];
    this.outcomes = new Counter({
      name: 'replies_finished_total',
      help: 'Replies that reached their final state, by status and error code.',
      labelNames: ['status', 'code'],
      registers,
    });
    this.claims = new Counter({
      name: 'replies_claimed_total',
      help: 'Attempts that this worker has begun, by what brought the reply: a job of the queue, or the sweep directly.',
      labelNames: ['by'],
      registers,
    });
    // Both from the start on, since a rate needs a first value.
    for (const by of ['job', 'sweep'] as const) this.claims.inc({ by }, 0);
    this.attempts = new Histogram({
      name: 'reply_attempt_seconds',
      help: 'Duration of attempts at a reply, model call included.',
      buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300],
      registers,
    });
    this.firstWord = new Histogram({
      name: 'reply_first_word_seconds',
      help: 'Time from the acceptance of a message to the first text of its answer.',
      labelNames: ['plan'],
      buckets: [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300],
      registers,
    });
    this.done = new Histogram({
      name: 'reply_done_seconds',
      help: 'Time from the acceptance of a message to the stored end of its reply.',
      labelNames: ['plan', 'status'],
      buckets: [0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600],
      registers,
    });
    this.retries = new Counter({
      name: 'reply_retries_total',
      help: 'Replies that were released for another attempt, by the error that they would have ended with.',
      labelNames: ['model', 'code'],
      registers,
    });
    this.refunds = new Counter({
      name: 'quota_refunds_total',
      help: "Messages that cost nothing, since a worker ended their reply without text, or by a fault that is not the user's.",
      labelNames: ['plan'],
      registers,
    });
    new Gauge({
      name: 'replies_held',
      help: 'Replies that this worker is writing now.',
      registers,
      collect() {
        this.set(leased.size);
      },
    });
  }

  claimed(by: 'job' | 'sweep'): void {
    this.claims.inc({ by });
  }

  /** @returns to be called when the attempt is over */
  attemptStarted(): () => void {
    return this.attempts.startTimer();
  }

  /** The model has begun to answer. Counts once for a reply, as far as attempts know of each other. */
  begun({ claim, sinceAcceptedMs }: LeasedReply): void {
    if (!claim.wasBegun) this.firstWord.observe({ plan: claim.plan.name }, sinceAcceptedMs / 1_000);
  }

  /** A reply is released, since its model failed or is paused. */
  retried({ claim }: LeasedReply, code: ReplyErrorCode): void {
    this.retries.inc({ model: this.models.label(claim.model), code });
  }

  /** The end of a reply is stored. */
  finished({ claim, sinceAcceptedMs }: LeasedReply, final: FinalReply): void {
    const { status, error } = final;
    const plan = claim.plan.name;
    this.outcomes.inc({ status, code: error?.code ?? 'none' });
    this.done.observe({ plan, status }, sinceAcceptedMs / 1_000);
    if (isRefunded(final)) this.refunds.inc({ plan });
  }
}
