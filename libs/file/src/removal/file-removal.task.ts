import { isOutage, PeriodicTask } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { FileStoreUnavailableError } from '../files/file.errors.js';
import type { FileStoreName } from '../files/file.row.js';
import { FileStoreRegistry } from '../store/file-store.registry.js';
import { FileRemovalStore } from './file-removal.store.js';

const INTERVAL_MS = 10_000;
const BATCH_SIZE = 100;
const MAX_BATCHES = 20;

/** Removes the bytes of deleted files, and those of uploads that never became a file. */
@Injectable()
export class FileRemovalTask implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(FileRemovalTask.name);
  private readonly task = new PeriodicTask({
    name: 'Removing the bytes of deleted files',
    intervalMs: INTERVAL_MS,
    run: () => this.run(),
  });
  /** The stores whose failure is in the log already, and as what. */
  private readonly failing = new Map<FileStoreName, 'warn' | 'error'>();

  constructor(
    private readonly removals: FileRemovalStore,
    private readonly stores: FileStoreRegistry,
  ) {}

  onApplicationBootstrap(): void {
    this.task.startNow();
  }

  onApplicationShutdown(): void {
    this.task.stop();
  }

  /** One round. What is left over is done in the next one; what a store refuses is tried again in some minutes, for good. */
  async run(): Promise<void> {
    const names = new Set(this.stores.names);
    for (let batch = 0; batch < MAX_BATCHES && names.size > 0; batch++) {
      const due = await this.removals.claim([...names], BATCH_SIZE);
      for (const name of [...names]) {
        const ids = due.filter(({ store }) => store === name).map(({ fileId }) => fileId);
        if (ids.length > 0 && !(await this.remove(name, ids))) names.delete(name);
      }
      if (due.length < BATCH_SIZE) return;
    }
  }

  /** @returns false when the store has failed */
  private async remove(name: FileStoreName, ids: string[]): Promise<boolean> {
    try {
      await this.stores.get(name).remove(ids);
    } catch (error) {
      this.report(name, error as Error);
      return false;
    }
    if (this.failing.delete(name)) this.logger.log(`The bytes of deleted files are removed from ${name} again`);
    await this.removals.finish(ids);
    return true;
  }

  /** What passes is a warning. The rest an operator has to mend, also where it comes after what passes. */
  private report(name: FileStoreName, error: Error): void {
    const isAway = error instanceof FileStoreUnavailableError;
    const level = isAway || isOutage(error) ? 'warn' : 'error';
    if (this.failing.get(name) === level) return;
    this.failing.set(name, level);
    this.logger[level](`The bytes of deleted files stay in ${name} for now: ${isAway ? error.reason : error.message}`);
  }
}
