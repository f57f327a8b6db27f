import { type SlotLimit, SlotService, uuidv7 } from '@app/platform';
import { Injectable } from '@nestjs/common';
import {
  FileStoreUnavailableError,
  FileTooLargeError,
  StorageFullError,
  TooManyUploadsError,
} from '../files/file.errors.js';
import { FileRecordStore, type UploadAllowance } from '../files/file-record.store.js';
import type { FileRow } from '../files/file.row.js';
import { FileStoreRegistry } from '../store/file-store.registry.js';
import { fileNameOf } from './file-name.js';
import { imageDimensions } from './image-dimensions.js';
import type { UploadForm } from './upload-form.js';
import { type ByteLimit, UploadedBytes } from './uploaded-bytes.js';

/** As many as one message can have: apps upload them at once. */
const TEN_PER_USER: SlotLimit = { kind: 'upload', limit: 10, leaseMs: 30_000 };
const EXTEND_MS = 10_000;

/** What a form may have besides the bytes of its file. */
const FORM_BYTES = 4_096;

/** An upload that is under way. */
export interface Upload {
  form: UploadForm;
  /** The size of the whole body; infinite where the client doesn't say. */
  announcedBytes: number;
  /** The client has hung up. */
  signal: AbortSignal;
}

/** Takes files. */
@Injectable()
export class UploadService {
  constructor(
    private readonly records: FileRecordStore,
    private readonly stores: FileStoreRegistry,
    private readonly slots: SlotService,
  ) {}

  /**
   * Stores a file as it arrives. What fails leaves nothing behind; where the store is away, the sweep removes what it has.
   *
   * @throws FileTooLargeError, StorageFullError, FileTypeNotSupportedError, TooManyUploadsError, FileStoreUnavailableError
   * @throws ValidationFailedError when the form holds anything but one file
   */
  async upload(userId: string, upload: Upload): Promise<FileRow> {
    const slot = await this.slots.acquire(TEN_PER_USER, userId);
    if (slot === null) throw new TooManyUploadsError();
    const extending = setInterval(() => void slot.extend(), EXTEND_MS);
    try {
      return await this.receive(userId, upload);
    } finally {
      clearInterval(extending);
      await slot.release();
    }
  }

  private async receive(userId: string, { form, announcedBytes, signal }: Upload): Promise<FileRow> {
    const limit = limitOf(await this.records.allowance(userId));
    if (announcedBytes !== Infinity && announcedBytes - FORM_BYTES > limit.bytes) throw limit.exceeded();
    const file = await form.file();
    const bytes = await UploadedBytes.begin(file.bytes, limit);
    const id = uuidv7();
    const store = this.stores.current;
    try {
      await this.records.beginUpload(id, store);
      await this.stores.get(store).write(id, bytes.stream(), signal);
      await form.end();
      const { mediaType, count, head } = bytes;
      const found = { name: fileNameOf(file.name), mediaType, bytes: count, ...imageDimensions(mediaType, head) };
      const row = await this.records.create(userId, { id, store, ...found });
      if (row === null) throw new StorageFullError();
      return row;
    } catch (error) {
      await bytes.discard();
      // A store that is away would hold up the answer, and the user's place.
      if (!(error instanceof FileStoreUnavailableError)) await this.remove(id);
      throw error;
    }
  }

  /** Removes what an upload that has failed has written. Where that fails, too, the sweep does it. */
  private async remove(id: string): Promise<void> {
    try {
      await this.stores.get(this.stores.current).remove([id]);
      await this.records.forgetUpload(id);
    } catch {
      // The error of the upload says more.
    }
  }
}

/** How much may come: what is less decides which error tells that it was too much. */
function limitOf({ maxFileBytes, bytesLeft }: UploadAllowance): ByteLimit {
  return bytesLeft < maxFileBytes
    ? { bytes: bytesLeft, exceeded: () => new StorageFullError() }
    : { bytes: maxFileBytes, exceeded: () => new FileTooLargeError(maxFileBytes) };
}
