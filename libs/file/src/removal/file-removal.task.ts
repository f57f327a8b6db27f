import { PeriodicTask } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
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
  /** The stores whose failure is in the log already. */
  private readonly failing = new Set<FileStoreName>();

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
      if (!this.failing.has(name)) {
        this.logger.warn(`The bytes of deleted files stay in ${name} for now: ${(error as Error).message}`);
      }
      this.failing.add(name);
      return false;
    }
    if (this.failing.delete(name)) this.logger.log(`The bytes of deleted files are removed from ${name} again`);
    await this.removals.finish(ids);
    return true;
  }
}
