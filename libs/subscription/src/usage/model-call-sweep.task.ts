import { PeriodicTask } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ModelCallService } from './model-call.service.js';

const INTERVAL_MS = 30_000;

/** Longer than any call that has a row takes: one for a title may take 15 s, to which a minute of storing comes. */
const STALE_AFTER_MS = 300_000;

const MAX_BATCHES = 20;

/** Records an estimate of each call whose worker died before it could say what the call used. */
@Injectable()
export class ModelCallSweepTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly task = new PeriodicTask({
    name: 'Recording model calls of dead workers',
    intervalMs: INTERVAL_MS,
    run: () => this.sweep(),
  });

  constructor(private readonly calls: ModelCallService) {}

  onApplicationBootstrap(): void {
    this.task.startNow();
  }

  onApplicationShutdown(): void {
    this.task.stop();
  }

  /** One round. What is left over is recorded in the next one. */
  async sweep(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES; batch++) if (!(await this.calls.settleStale(STALE_AFTER_MS))) return;
  }
}
