import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { FileStoreName } from '../files/file.row.js';

/** Bytes that are to be removed. */
export interface DueRemoval {
  fileId: string;
  store: FileStoreName;
}

/**
 * Takes removals that are due for some minutes, in which no other worker takes them. What is not finished by then is due anew: removing
 * twice does no harm.
 */
const CLAIM = prepared<DueRemoval>(
  'file_removal_claim',
  `
    UPDATE file_removal SET due_at = now() + interval '5 minutes'
    WHERE file_id = ANY (ARRAY(
      SELECT file_id FROM file_removal WHERE due_at <= now() AND store = ANY($1::text[])
      ORDER BY due_at LIMIT $2::int FOR UPDATE SKIP LOCKED
    )) RETURNING file_id AS "fileId", store`,
);

const FINISH = prepared('file_removal_finish', 'DELETE FROM file_removal WHERE file_id = ANY($1::uuid[])');

/** What is left to do of deleted files: a trigger writes it down, whatever deletes them, and an upload for the case that it fails. */
@Injectable()
export class FileRemovalStore {
  constructor(private readonly database: Database) {}

  /**
   * @param stores whose bytes can be removed here
   * @param limit how many at most
   */
  claim(stores: FileStoreName[], limit: number): Promise<DueRemoval[]> {
    return this.database.run(CLAIM, [stores, limit]);
  }

  /** The bytes of these files are removed. */
  async finish(fileIds: string[]): Promise<void> {
    await this.database.run(FINISH, [fileIds]);
  }
}
