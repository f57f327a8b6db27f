import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../metrics/metrics.registry.js';
import { PeriodicTask } from '../periodic/periodic-task.js';
import { withTimeout } from '../timeout/with-timeout.js';
import { type MaintenanceState, MaintenanceStore } from './maintenance.store.js';

/** The pause between two readings: every replica follows within two seconds. */
const READ_INTERVAL_MS = 1_000;

/** How long a reading may take: one that hangs must not put off the next, nor the start. */
const READ_TIMEOUT_MS = 1_000;

/**
 * Whether the API is under maintenance, as it was last read: no request waits for it. While PostgreSQL is away, what was last read
 * holds.
 */
@Injectable()
export class MaintenanceService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(MaintenanceService.name);
  private readonly readings = new PeriodicTask({
    name: 'Reading whether there is maintenance',
    intervalMs: READ_INTERVAL_MS,
    run: () => this.readInTime(),
  });
  private state: MaintenanceState | null = null;
  private isReadable = true;
  private reading: Promise<void> | null = null;

  constructor(
    private readonly store: MaintenanceStore,
    metrics: Metrics,
  ) {
    const mode: Gauge = new Gauge({
      name: 'maintenance_mode',
      help: 'Whether this process answers that the API is under maintenance.',
      registers: [metrics],
      collect: () => mode.set(this.state === null ? 0 : 1),
    });
  }

  /** Null: the API works as usual. */
  get current(): MaintenanceState | null {
    return this.state;
  }

  /** A process that starts during a maintenance knows of it before its first request. */
  async onApplicationBootstrap(): Promise<void> {
    await this.readInTime();
    this.readings.start();
  }

  onApplicationShutdown(): void {
    this.readings.stop();
  }

  /** Goes on waiting for a reading that hangs, so that it takes one connection of the pool and not all. */
  private readInTime(): Promise<void> {
    this.reading ??= this.read().finally(() => (this.reading = null));
    return withTimeout(READ_TIMEOUT_MS, this.reading, () => undefined);
  }

  /** Never fails. */
  private async read(): Promise<void> {
    try {
      const state = await this.store.read();
      if ((state === null) !== (this.state === null))
        this.logger.warn(state === null ? 'The maintenance is over' : 'Under maintenance: requests are answered 503');
      this.state = state;
      this.isReadable = true;
    } catch (error) {
      if (this.isReadable) this.logger.warn(`Maintenance could not be read: ${(error as Error).message}`);
      this.isReadable = false;
    }
  }
}
