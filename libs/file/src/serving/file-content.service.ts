import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { untilReadable } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { TooManyDownloadsError } from '../files/file.errors.js';
import type { StoredFileRow } from '../files/file.row.js';
import type { ByteRange } from '../store/file-store.port.js';
import { FileStoreRegistry } from '../store/file-store.registry.js';

/** Of one user and process at once: each holds a part of a file, also while its reader is slow. A page shows this many pictures. */
const MAX_DOWNLOADS = 32;

/** Sends the bytes of files. */
@Injectable()
export class FileContentService {
  private readonly open = new Map<string, number>();

  constructor(private readonly stores: FileStoreRegistry) {}

  /**
   * The bytes of a file, read as they are sent. When this resolves the first of them are there, or the reader has hung up.
   *
   * @param reader what they are sent to, whose end ends the reading
   * @throws TooManyDownloadsError, FileStoreUnavailableError
   */
  async stream(
    userId: string,
    { id, store }: StoredFileRow,
    range: ByteRange,
    reader: ServerResponse,
  ): Promise<Readable> {
    const count = this.open.get(userId) ?? 0;
    if (count >= MAX_DOWNLOADS) throw new TooManyDownloadsError();
    const ended = new AbortController();
    const stream = this.stores.get(store).read(id, range, ended.signal);
    this.open.set(userId, count + 1);
    stream.once('close', () => {
      ended.abort();
      const left = (this.open.get(userId) ?? 1) - 1;
      if (left === 0) this.open.delete(userId);
      else this.open.set(userId, left);
    });
    // These come to those of the framework and of metrics, and Node would log that there are many.
    reader.setMaxListeners(reader.getMaxListeners() + 2);
    reader.once('close', () => stream.destroy());
    await untilReadable(stream);
    return stream;
  }
}
