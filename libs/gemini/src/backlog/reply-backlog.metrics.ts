import { Metrics, SharedState } from '@app/platform';
import { PlanCatalogue } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { BACKLOG_STATES, ReplyBacklogStore } from './reply-backlog.store.js';

/** Whose age tells that answers are late. What waits behind a reply of its own user is in time, and what is being written is read already. */
const LATE_STATES: ReadonlySet<string> = new Set(['waiting', 'deferred']);

/** What waits to be answered, whichever worker will answer it. */
@Injectable()
export class ReplyBacklogMetrics {
  private readonly unanswered: Gauge<'plan' | 'state'>;
  private readonly oldest: Gauge<'plan'>;

  constructor(
    metrics: Metrics,
    private readonly store: ReplyBacklogStore,
    private readonly catalogue: PlanCatalogue,
  ) {
    const state = new SharedState('what waits to be answered', () => this.read());
    const registers = [state];
    this.unanswered = new Gauge({
      name: 'replies_unanswered',
      help: 'Unfinished replies: waiting (for a worker), behind (another reply of the user), deferred (model paused, or back-off), generating.',
      labelNames: ['plan', 'state'],
      registers,
    });
    this.oldest = new Gauge({
      name: 'reply_oldest_unanswered_seconds',
      help: 'Age of the oldest reply that is waiting or deferred; 0 when there is none.',
      labelNames: ['plan'],
      registers,
    });
    metrics.share(state);
  }

  private async read(): Promise<void> {
    const backlog = await this.store.read();
    for (const { name: plan } of this.catalogue.plans) {
      const ofPlan = backlog.filter((each) => each.plan === plan);
      for (const state of BACKLOG_STATES)
        this.unanswered.set({ plan, state }, ofPlan.find((each) => each.state === state)?.replies ?? 0);
      const late = ofPlan.filter(({ state }) => LATE_STATES.has(state)).map(({ oldestSeconds }) => oldestSeconds);
      this.oldest.set({ plan }, Math.max(0, ...late));
    }
  }
}
