import { Metrics } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { LeasedRepliesService } from './leased-replies.service.js';
import type { FinalReply } from './reply.store.js';

/** What an operator wants to see of replies. */
@Injectable()
export class ReplyMetrics {
  private readonly outcomes: Counter<'status' | 'code'>;
  private readonly attempts: Histogram;

  constructor(metrics: Metrics, leased: LeasedRepliesService) {
    const registers = [metrics];
    this.outcomes = new Counter({
      name: 'replies_finished_total',
      help: 'Replies that reached their final state, by status and error code.',
      labelNames: ['status', 'code'],
      registers,
    });
    this.attempts = new Histogram({
      name: 'reply_attempt_seconds',
      help: 'Duration of attempts at a reply, model call included.',
      buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300],
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

  /** @returns to be called when the attempt is over */
  attemptStarted(): () => void {
    return this.attempts.startTimer();
  }

  finished({ status, error }: FinalReply): void {
    this.outcomes.inc({ status, code: error?.code ?? 'none' });
  }
}
