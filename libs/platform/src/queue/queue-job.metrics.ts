import type { Queue } from 'bullmq';
import { Gauge } from 'prom-client';
import type { Metrics } from '../metrics/metrics.registry.js';
import { SharedState } from '../metrics/shared-state.registry.js';

/** What metrics call BullMQ's states of a job that has not ended. */
const STATES = { waiting: 'wait', prioritized: 'prioritized', delayed: 'delayed', active: 'active' } as const;

/** How many jobs Redis has. Jobs leave it when they end. */
export class QueueJobMetrics {
  private readonly jobs: Gauge<'queue' | 'state'>;

  constructor(
    metrics: Metrics,
    private readonly queues: readonly Queue[],
  ) {
    const state = new SharedState('queues', () => this.read());
    this.jobs = new Gauge({
      name: 'queue_jobs',
      help: 'Jobs in Redis: waiting, prioritized (for workers that have nothing else to do), delayed, active. Replies may wait without a job.',
      labelNames: ['queue', 'state'],
      registers: [state],
    });
    for (const queue of queues) queue.on('error', () => undefined);
    metrics.share(state);
  }

  private async read(): Promise<void> {
    await Promise.all(
      this.queues.map(async (queue) => {
        const counts = await queue.getJobCounts(...Object.values(STATES));
        for (const [state, name] of Object.entries(STATES))
          this.jobs.set({ queue: queue.name, state }, counts[name] ?? 0);
      }),
    );
  }
}
