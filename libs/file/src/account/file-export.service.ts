import type { Readable } from 'node:stream';
import { AccountDownloadService, type AuthenticatedUser } from '@app/auth';
import { AuditTrail } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { FileStoreRegistry } from '../store/file-store.registry.js';
import { entryPath } from './entry-path.js';
import { FileExportStore } from './file-export.store.js';
import { type ZipEntry, zipOf } from './zip.js';

/** Sends the bytes of all files of a user, which the export of the account names. */
@Injectable()
export class FileExportService {
  constructor(
    private readonly files: FileExportStore,
    private readonly stores: FileStoreRegistry,
    private readonly downloads: AccountDownloadService,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * A ZIP archive with each file under `<id>/<name>`, read while it is sent. What is deleted meanwhile is left out, unless it is being
   * sent.
   *
   * @throws ExportInProgressError, TooManyExportsError
   */
  stream(user: AuthenticatedUser): Promise<Readable> {
    return this.downloads.stream(user, async () => {
      await this.audit.write({ action: 'account_exported', userId: user.userId, detail: { part: 'files' } });
      return zipOf(this.entries(user.userId));
    });
  }

  private async *entries(userId: string): AsyncGenerator<ZipEntry> {
    for await (const { id, name, bytes, createdAt } of this.files.filesOf(userId)) {
      const store = await this.files.storeOf(userId, id);
      if (store === null) continue;
      const open = (signal: AbortSignal) => this.stores.get(store).read(id, null, signal);
      yield { path: entryPath(id, name), bytes, modifiedAt: createdAt, open };
    }
  }
}
