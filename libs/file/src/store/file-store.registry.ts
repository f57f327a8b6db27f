import { Injectable } from '@nestjs/common';
import type { FileStoreName } from '../files/file.row.js';
import type { FileStore } from './file-store.port.js';

/** The stores that there are, by name: a file stays in the store where it was written. */
@Injectable()
export class FileStoreRegistry {
  /**
   * @param s3 null: this deployment has none
   * @param current where new files go
   */
  constructor(
    private readonly postgresql: FileStore,
    private readonly s3: FileStore | null = null,
    readonly current: FileStoreName = 'postgresql',
  ) {}

  /** The names of the stores that there are. */
  get names(): FileStoreName[] {
    return this.s3 === null ? ['postgresql'] : ['postgresql', 's3'];
  }

  /** @throws Error for a store that this deployment doesn't have */
  get(name: FileStoreName): FileStore {
    const store = name === 'postgresql' ? this.postgresql : this.s3;
    if (store === null) throw new Error(`There are files in the store ${name}, which is not configured`);
    return store;
  }
}
