import type { Readable } from 'node:stream';

/** A part of a file, both ends included, as HTTP counts ranges (RFC 9110, section 14.1.2). */
export interface ByteRange {
  start: number;
  end: number;
}

/** Where the bytes of files are. What is known about a file is in PostgreSQL, wherever its bytes are. */
export abstract class FileStore {
  /**
   * Stores the bytes of a file as they come, never all of them in memory. What an attempt that failed has left is removed with the file.
   *
   * @param id of the file; a store has no file of this id yet
   * @param signal aborts it
   * @throws what the source throws; FileStoreUnavailableError, or an error of PostgreSQL, where it may work later; an error of the store
   */
  abstract write(id: string, source: Readable, signal: AbortSignal): Promise<void>;

  /**
   * The bytes of a file as they are read, or a part of them; the file exists. The stream fails as {@link write} does.
   *
   * @param range null: all
   * @param signal ends reading
   */
  abstract read(id: string, range: ByteRange | null, signal: AbortSignal): Readable;

  /** Removes all bytes of files. Those that are away already are no error, so that it can be repeated. It fails as {@link write} does. */
  abstract remove(ids: string[]): Promise<void>;
}
