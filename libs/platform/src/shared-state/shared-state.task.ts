import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ProcessLeaseStore } from './process-lease.store.js';
import { PeriodicTask } from '../periodic/periodic-task.js';
import { withTimeout } from '../timeout/with-timeout.js';
import { Metrics } from '../metrics/metrics.registry.js';
import type { SharedState } from '../metrics/shared-state.registry.js';

const LEASE = 'shared-metrics';

/** How often what is shared is read, and the lease extended. */
const INTERVAL_MS = 4_000;

/** With {@link INTERVAL_MS}, a holder that died is replaced within 14 seconds. */
const LEASE_MS = 10_000;

const READ_TIMEOUT_MS = 3_000;

/** How long a process that ends waits for PostgreSQL to know of it. */
const RELEASE_TIMEOUT_MS = 1_000;

/**
 * Has one of all workers read and export the metrics of what they share (docs/adr/0035). The lease is a row in PostgreSQL, since most of
 * what is read stands there, too: without PostgreSQL nothing is exported, which is an alarm of its own.
 */
@Injectable()
export class SharedStateTask implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(SharedStateTask.name);
  private readonly unreadable = new Set<SharedState>();
  private readonly task = new PeriodicTask({
    name: 'Reading what processes share',
    intervalMs: INTERVAL_MS,
    run: () => this.round(),
  });
  private claiming: Promise<boolean> = Promise.resolve(false);
  private hasEnded = false;

  constructor(
    private readonly metrics: Metrics,
    private readonly leases: ProcessLeaseStore,
  ) {}

  onApplicationBootstrap(): void {
    this.task.startNow();
  }

  /**
   * Lets another worker take over, before this one finishes what is in flight. The release comes behind a claim that is under way:
   * PostgreSQL might get it first otherwise, and the claim would keep other workers off for as long as the lease lasts.
   */
  async onModuleDestroy(): Promise<void> {
    this.hasEnded = true;
    this.task.stop();
    for (const state of this.metrics.shared) state.withdraw();
    const claimed = this.claiming.catch(() => undefined);
    const released = claimed.then(() => this.leases.release(LEASE)).catch(() => undefined);
    await withTimeout(RELEASE_TIMEOUT_MS, released, () => undefined);
  }

  /** One round. */
  async round(): Promise<void> {
    const until = performance.now() + LEASE_MS;
    this.claiming = this.leases.claim(LEASE, LEASE_MS);
    if ((await this.claiming) && !this.hasEnded) {
      await Promise.all(this.metrics.shared.map((state) => this.refresh(state, until)));
    } else {
      for (const state of this.metrics.shared) state.withdraw();
    }
  }

  /** Never fails, so that what can be read is exported whatever can't. */
  private async refresh(state: SharedState, until: number): Promise<void> {
    try {
      await withTimeout(READ_TIMEOUT_MS, state.refresh(), () => {
        throw new Error(`no answer within ${READ_TIMEOUT_MS} ms`);
      });
      if (this.hasEnded) return;
      state.exportUntil(until);
      if (this.unreadable.delete(state)) this.logger.log(`The metrics of ${state.name} are exported again`);
    } catch (error) {
      state.withdraw();
      if (!this.unreadable.has(state))
        this.logger.warn(`The metrics of ${state.name} are not exported: ${(error as Error).message}`);
      this.unreadable.add(state);
    }
  }
}
