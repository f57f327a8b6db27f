import { Readable } from 'node:stream';
import { FileTypeNotSupportedError } from '../files/file.errors.js';
import { HEAD_BYTES, mediaTypeOf, TEXT } from './media-type.js';
import { brokenForm } from './upload-form.js';

/** How much may come, and what is thrown when more does. */
export interface ByteLimit {
  bytes: number;
  exceeded: () => Error;
}

/** The bytes of a file on their way to the store: counted, and checked for being what they begin as. */
export class UploadedBytes {
  /** How many have come. */
  count = 0;
  head: Buffer = Buffer.alloc(0);
  mediaType: string = TEXT;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });

  private constructor(
    private readonly source: AsyncIterator<Buffer>,
    private readonly limit: ByteLimit,
  ) {}

  /**
   * Reads the beginning of a file and finds its type.
   *
   * @throws FileTypeNotSupportedError; what the limit throws; ValidationFailedError when the bytes break off
   */
  static async begin(source: Readable, limit: ByteLimit): Promise<UploadedBytes> {
    const bytes = new UploadedBytes((source as AsyncIterable<Buffer>)[Symbol.asyncIterator](), limit);
    try {
      await bytes.readHead();
    } catch (error) {
      await bytes.discard();
      throw error;
    }
    return bytes;
  }

  /** All bytes, the beginning too, as they come. It fails as {@link begin} does. */
  stream(): Readable {
    return Readable.from(this.pieces(), { objectMode: false, highWaterMark: HEAD_BYTES });
  }

  /** Reads no more. */
  async discard(): Promise<void> {
    await this.source.return?.().catch(() => undefined);
  }

  private async readHead(): Promise<void> {
    const pieces: Buffer[] = [];
    while (this.count < HEAD_BYTES) {
      const piece = await this.next();
      if (piece === null) break;
      pieces.push(piece);
    }
    this.head = Buffer.concat(pieces);
    const mediaType = this.count === 0 ? null : await mediaTypeOf(this.head.subarray(0, HEAD_BYTES));
    if (mediaType === null) throw new FileTypeNotSupportedError();
    this.mediaType = mediaType;
  }

  private async *pieces(): AsyncGenerator<Buffer> {
    try {
      for (let piece: Buffer | null = this.head; piece !== null; piece = await this.next()) {
        this.assertText(piece, true);
        yield piece;
      }
      this.assertText(Buffer.alloc(0), false);
    } finally {
      await this.discard();
    }
  }

  /** @returns null at the end */
  private async next(): Promise<Buffer | null> {
    const result = await this.source.next().catch(() => {
      throw brokenForm();
    });
    if (result.done === true) return null;
    this.count += result.value.length;
    if (this.count > this.limit.bytes) throw this.limit.exceeded();
    return result.value;
  }

  /** @param goesOn whether there is more to come @throws FileTypeNotSupportedError for what is to be text and isn't */
  private assertText(piece: Buffer, goesOn: boolean): void {
    if (this.mediaType !== TEXT) return;
    if (piece.includes(0)) throw new FileTypeNotSupportedError();
    try {
      this.decoder.decode(piece, { stream: goesOn });
    } catch {
      throw new FileTypeNotSupportedError();
    }
  }
}
