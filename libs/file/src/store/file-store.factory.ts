import type { Database } from '@app/platform';
import type { FileStoreConfig } from './file-store.config.js';
import { FileStoreRegistry } from './file-store.registry.js';
import { PostgresqlFileStore } from './postgresql.file-store.js';
import type { S3FileStore } from './s3.file-store.js';

/** The stores that are configured. The SDK of S3 isn't loaded without a bucket. */
export async function fileStoresOf(config: FileStoreConfig, database: Database): Promise<FileStoreRegistry> {
  return new FileStoreRegistry(new PostgresqlFileStore(database), await s3StoreOf(config), config.FILE_STORE);
}

/**
 * A check for the start of a process: whether the bucket, if there is one, can be read with the access key.
 *
 * @returns what is wrong, in a sentence that names the setting; null when nothing is, and when S3 is out of reach
 */
export const fileStoreStartCheck = (config: FileStoreConfig) => async (): Promise<string | null> =>
  (await s3StoreOf(config))?.findProblem() ?? null;

async function s3StoreOf(config: FileStoreConfig): Promise<S3FileStore | null> {
  if (config.S3_BUCKET === undefined) return null;
  const { S3FileStore } = await import('./s3.file-store.js');
  return new S3FileStore(config);
}
