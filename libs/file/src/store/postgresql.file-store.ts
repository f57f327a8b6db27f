import { Readable } from 'node:stream';
import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { type ByteRange, FileStore } from './file-store.port.js';

/** How many bytes a row has, but for the last one of a file. */
const CHUNK_BYTES = 262_144;

const WRITE = prepared(
  'file_chunk_write',
  'INSERT INTO file_chunk (file_id, position, data) VALUES ($1::uuid, $2::int, $3::bytea)',
);

/** A part of one chunk: bytes from the first one, which is 1, on. What isn't asked for isn't read, since chunks are not compressed. */
const READ = prepared<{ data: Buffer }>(
  'file_chunk_read',
  'SELECT substring(data FROM $3::int FOR $4::int) AS data FROM file_chunk WHERE file_id = $1::uuid AND position = $2::int',
);

/** Some chunks of some files, so that a statement stays short however large they are. */
const REMOVE = prepared<{ position: number }>(
  'file_chunk_remove',
  `
    DELETE FROM file_chunk WHERE (file_id, position) IN (
      SELECT file_id, position FROM file_chunk WHERE file_id = ANY($1::uuid[]) LIMIT $2::int
    ) RETURNING position`,
);

/** Of 256 KiB each. */
const REMOVED_AT_ONCE = 256;

/** The bytes of files as rows of PostgreSQL: nothing else to operate, and one backup holds all. */
@Injectable()
export class PostgresqlFileStore extends FileStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async write(id: string, source: Readable, signal: AbortSignal): Promise<void> {
    // The same memory for all chunks: a statement is over before the next one is filled.
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let position = 0;
    let filled = 0;
    const flush = async () => {
      signal.throwIfAborted();
      await this.database.run(WRITE, [id, position++, chunk.subarray(0, filled)]);
      filled = 0;
    };
    for await (const piece of source as AsyncIterable<Buffer>) {
      for (let taken = 0; taken < piece.length;) {
        const copied = piece.copy(chunk, filled, taken);
        taken += copied;
        filled += copied;
        if (filled === CHUNK_BYTES) await flush();
      }
    }
    if (filled > 0) await flush();
  }

  override read(id: string, range: ByteRange | null, signal: AbortSignal): Readable {
    // One chunk is made ready while another one is sent.
    return Readable.from(this.chunks(id, range ?? { start: 0, end: Infinity }), { signal, highWaterMark: 1 });
  }

  override async remove(ids: string[]): Promise<void> {
    let removed: number;
    do removed = (await this.database.run(REMOVE, [ids, REMOVED_AT_ONCE])).length;
    while (removed === REMOVED_AT_ONCE);
  }

  /** @param end Infinity: to the end of the file */
  private async *chunks(id: string, { start, end }: ByteRange): AsyncGenerator<Buffer> {
    for (let next = start; next <= end;) {
      const from = next % CHUNK_BYTES;
      const wanted = Math.min(CHUNK_BYTES - from, end - next + 1);
      const [row] = await this.database.run(READ, [id, Math.floor(next / CHUNK_BYTES), from + 1, wanted]);
      const data = row?.data ?? Buffer.alloc(0);
      if (data.length > 0) yield data;
      if (data.length < wanted) {
        if (end === Infinity && next + data.length > 0) return;
        throw new Error('The bytes of a file are not all there');
      }
      next += data.length;
    }
  }
}
