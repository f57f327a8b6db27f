import { randomUUID } from 'node:crypto';
import { type ModelFile, UnreadableFileError } from '../model/language-model.port.js';
import type { ModelCall } from './model-call.js';

/** Base64 makes four characters of three bytes (RFC 4648, section 4). */
const BYTES_OF_FOUR = 3;

/** A body whose length is known before its files are read. */
export interface StreamedBody {
  /** In bytes: the `Content-Length`. */
  length: number;
  /** The body as it is to be sent. It is read only as fast as the connection takes it. */
  chunks: AsyncIterable<Buffer | string>;
}

/**
 * The files of one request. An SDK makes one string of all that it sends, so instead of a file's bytes it is given a mark, and the
 * bytes take the place of the mark while the body goes out: of a file no more than what is being sent is ever in memory.
 *
 * The mark is random and made for this request after all of its texts are known; it is never sent. So no text can hold it; and should
 * one, the marks would be more than the files, and nothing would be sent.
 */
export class InlineFiles {
  private readonly files: ModelFile[] = [];

  /**
   * @param call is told of progress, and of a file that can't be read
   * @param mark of characters that JSON leaves as they are
   */
  constructor(
    private readonly call: ModelCall,
    private readonly mark = `inline-${randomUUID()}`,
  ) {}

  /** What stands for a file's bytes. The files have to be named in the order in which they stand in the request. */
  markOf(file: ModelFile): string {
    this.files.push(file);
    return this.mark;
  }

  /**
   * The body with its files, where there are any.
   *
   * @param body as the SDK made it
   * @returns null: it has none, and is to be sent as it is
   * @throws Error where marks and files don't match
   */
  fill(body: string): StreamedBody | null {
    if (this.files.length === 0) return null;
    const pieces = body.split(this.mark);
    if (pieces.length !== this.files.length + 1) throw new Error('The places of the files in a request are not clear');
    const ofFiles = this.files.reduce((sum, { bytes }) => sum + base64Length(bytes), 0);
    const length = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), ofFiles);
    return { length, chunks: this.chunks(pieces) };
  }

  private async *chunks(pieces: string[]): AsyncGenerator<Buffer | string> {
    for (const [index, piece] of pieces.entries()) {
      const file = this.files[index - 1];
      if (file !== undefined) yield* this.contentOf(file);
      yield piece;
    }
    this.call.progressed();
  }

  /** A file in base64. What the store gives too much or too little of breaks the request off: its length has been told. */
  private async *contentOf(file: ModelFile): AsyncGenerator<Buffer> {
    const { signal } = this.call;
    const encoder = new Base64Encoder();
    try {
      for await (const chunk of file.open(signal) as AsyncIterable<Buffer>) {
        this.call.progressed();
        const encoded = encoder.encode(chunk);
        if (encoder.bytes > file.bytes) throw new Error('There are more bytes than the file has');
        if (encoded.length > 0) yield encoded;
      }
      if (encoder.bytes < file.bytes) throw new Error('There are fewer bytes than the file has');
    } catch (error) {
      const unreadable = new UnreadableFileError(file, error);
      if (!signal.aborted) this.call.broken(unreadable);
      throw error;
    }
    const end = encoder.end();
    if (end.length > 0) yield end;
  }
}

const base64Length = (bytes: number): number => Math.ceil(bytes / BYTES_OF_FOUR) * 4;

/** Encodes bytes that come in chunks of any size: what is left of three waits for the next one. */
class Base64Encoder {
  private rest = Buffer.alloc(0);
  /** How many came. */
  bytes = 0;

  encode(chunk: Buffer): Buffer {
    this.bytes += chunk.length;
    const all = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const whole = all.length - (all.length % BYTES_OF_FOUR);
    // A copy: a view of the chunk would keep all of it.
    this.rest = Buffer.from(all.subarray(whole));
    return Buffer.from(all.toString('base64', 0, whole), 'latin1');
  }

  end(): Buffer {
    return Buffer.from(this.rest.toString('base64'), 'latin1');
  }
}
