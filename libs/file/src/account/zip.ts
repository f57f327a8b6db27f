import type { Readable } from 'node:stream';
import { untilReadable } from '@app/platform';
import { ZipFile } from 'yazl';

/** A file of an archive. */
export interface ZipEntry {
  /** Its path in the archive. */
  path: string;
  bytes: number;
  modifiedAt: Date;
  /** Begins to read its bytes, once those before it are read. */
  open: (signal: AbortSignal) => Readable;
}

/**
 * A ZIP archive as it is read: one entry after the other is opened, and no more of it is in memory than buffers of streams hold. Most
 * files are compressed already, so they stay as they are. Leaving it closes the entry that is being read.
 *
 * @throws what opening or reading an entry throws
 */
export async function* zipOf(entries: AsyncIterable<ZipEntry>): AsyncGenerator<Buffer> {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  const left = new AbortController();
  const fail = (error: Error) => output.destroy(error);
  zip.once('error', fail);
  const filling = fill(zip, entries, left.signal).catch(fail);
  try {
    yield* output as AsyncIterable<Buffer>;
  } finally {
    left.abort();
    await filling;
  }
}

async function fill(zip: ZipFile, entries: AsyncIterable<ZipEntry>, signal: AbortSignal): Promise<void> {
  for await (const entry of entries) {
    signal.throwIfAborted();
    await add(zip, entry, signal);
  }
  zip.end();
}

/** @returns when the entry is read to its end */
async function add(zip: ZipFile, { path, bytes: size, modifiedAt: mtime, open }: ZipEntry, signal: AbortSignal) {
  const content = open(signal);
  // An archive whose first file can't be read has not begun.
  await untilReadable(content);
  await new Promise<void>((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    content.once('error', reject);
    content.once('end', () => {
      signal.removeEventListener('abort', leave);
      resolve();
    });
    zip.addReadStreamLazy(path, { size, mtime, compress: false }, (use) => use(null, content));
  });
}
