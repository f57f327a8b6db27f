import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.port.js';
import { Database } from '../database/database.client.js';
import { PeriodicTask } from '../periodic/periodic-task.js';
import { BATCH_SIZE, type ExpiringRows } from './expiring-rows.js';

const INTERVAL_MS = 60_000;
const MAX_BATCHES = 20;

/** Deletes what has expired, in batches, once a minute. Each lib names its own rows. */
@Injectable()
export class RetentionTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RetentionTask.name);
  private readonly task = new PeriodicTask({
    name: 'Deleting expired rows',
    intervalMs: INTERVAL_MS,
    run: () => this.run(),
  });

  constructor(
    private readonly rows: readonly ExpiringRows[],
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.task.startNow();
  }

  onApplicationShutdown(): void {
    this.task.stop();
  }

  /**
   * One round. What is left over is deleted in the next one.
   * @throws Error when rows of some kind could not be deleted; those of the others are deleted all the same
   */
  async run(): Promise<void> {
    const failures: string[] = [];
    for (const each of this.rows) {
      await this.delete(each).catch((error: Error) => failures.push(`${each.what}: ${error.message}`));
    }
    if (failures.length > 0) throw new Error(failures.join('; '));
  }

  private async delete({ what, keepMs, statement }: ExpiringRows): Promise<void> {
    const before = new Date(this.clock.now().getTime() - keepMs);
    let total = 0;
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const { length } = await this.database.run(statement, [before]);
      total += length;
      if (length < BATCH_SIZE) break;
    }
    if (total > 0) this.logger.log(`Deleted ${total} expired ${what}`);
  }
}
