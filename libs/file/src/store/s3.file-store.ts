import { addAbortSignal, PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { keepAliveAgent } from '@app/platform';
import { FileStoreUnavailableError } from '../files/file.errors.js';
import type { FileStoreConfig } from './file-store.config.js';
import { type ByteRange, FileStore } from './file-store.port.js';
import { startProblemOf, statusOf, storeError } from './s3-errors.js';

/** The smallest part that S3 takes. An upload holds one part, and what arrives of the next one. */
const PART_BYTES = 5 * 1024 * 1024;

/** How many keys one request deletes at most. */
const KEYS_AT_ONCE = 1_000;

/** How many files are asked about at the same time. */
const LISTS_AT_ONCE = 10;

/** How many interrupted uploads of one file are listed in all, in pages of S3's own size: enough for any number of attempts. */
const MAX_LISTS = 10;

/** Limits in milliseconds. Each of at most three attempts has them. */
const LIMITS = {
  /** To connect. */
  connectionTimeout: 3_000,
  /** Until an answer begins, with a part on its way. */
  requestTimeout: 30_000,
  /** Until the answer to a read begins. With three attempts it stays below the time in which a model has to show a sign, so that it isn't blamed. */
  readTimeout: 10_000,
  /** Between two pieces of a file that is read. The time that its reader takes isn't counted. */
  stallTimeout: 20_000,
  /** Without a byte in either direction. A reader may take nothing for as long. */
  socketTimeout: 60_000,
};

/** How long the check at the start may take, in milliseconds. Without an answer by then S3 is out of reach. */
const CHECK_MS = 3_000;

const KEPT_CONNECTIONS = { maxIdle: 16, idleMs: 60_000 };

/** No file has it, for those have UUIDs. */
const NO_FILE = 'start-check';

/** Files in a bucket of S3, or of a service that speaks like it: each an object under its id. */
export class S3FileStore extends FileStore {
  private readonly client: S3Client;
  private readonly bucket: string;

  /**
   * @param config has been checked: there is a bucket
   * @param limits for tests, which don't wait as long
   */
  constructor(
    config: FileStoreConfig,
    private readonly limits = LIMITS,
  ) {
    super();
    this.bucket = config.S3_BUCKET!;
    this.client = clientOf(config, limits);
  }

  /** Sends part after part. An abort shows once the part that is on its way has arrived or failed: then nothing of the upload goes on. */
  override async write(id: string, source: Readable, signal: AbortSignal): Promise<void> {
    addAbortSignal(signal, source);
    const params = { Bucket: this.bucket, Key: id, Body: source };
    const { client } = this;
    const upload = new Upload({ client, params, partSize: PART_BYTES, queueSize: 1, leavePartsOnError: true });
    try {
      await upload.done();
    } catch (error) {
      const told = error === source.errored ? (error as Error) : storeError(error as Error);
      // Parts that stay, since S3 is away or fails here, are removed with the file.
      const isAway = told instanceof FileStoreUnavailableError;
      if (upload.uploadId !== undefined && !isAway) await this.abortUpload(id, upload.uploadId).catch(() => undefined);
      throw told;
    }
    signal.throwIfAborted();
  }

  override read(id: string, range: ByteRange | null, signal: AbortSignal): Readable {
    const bytes = new PassThrough();
    const closed = new AbortController();
    bytes.once('close', () => closed.abort());
    addAbortSignal(signal, bytes);
    this.send(id, range, bytes, closed.signal).catch((error: Error) => bytes.destroy(storeError(error)));
    return bytes;
  }

  override async remove(ids: string[]): Promise<void> {
    try {
      await this.removeAll(ids);
    } catch (error) {
      throw storeError(error as Error);
    }
  }

  /** What keeps the bucket from ever being used, in a sentence that names the setting; null when nothing does, or S3 is out of reach. */
  async findProblem(): Promise<string | null> {
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: NO_FILE });
    try {
      await this.client.send(command, { abortSignal: AbortSignal.timeout(CHECK_MS) });
      return null;
    } catch (error) {
      return startProblemOf(error);
    }
  }

  private async removeAll(ids: string[]): Promise<void> {
    for (let first = 0; first < ids.length; first += LISTS_AT_ONCE) {
      await Promise.all(ids.slice(first, first + LISTS_AT_ONCE).map((id) => this.abortUploads(id)));
    }
    for (let first = 0; first < ids.length; first += KEYS_AT_ONCE) {
      await this.deleteObjects(ids.slice(first, first + KEYS_AT_ONCE));
    }
  }

  private async send(id: string, range: ByteRange | null, to: PassThrough, abortSignal: AbortSignal): Promise<void> {
    const Range = range === null ? undefined : `bytes=${range.start}-${range.end}`;
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: id, Range });
    const { Body } = await this.client.send(command, { abortSignal, requestTimeout: this.limits.readTimeout });
    await pipeline(piecesOf(Body as Readable, this.limits.stallTimeout), to);
  }

  private async deleteObjects(ids: string[]): Promise<void> {
    const Objects = ids.map((Key) => ({ Key }));
    const command = new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await this.client.send(command);
    const [first] = Errors;
    if (first !== undefined) throw Object.assign(new Error(`Objects stay: ${first.Code}`), { name: first.Code });
  }

  /** Removes the parts of uploads that a process has not ended. No listing of objects shows them. */
  private async abortUploads(id: string): Promise<void> {
    for (let page = 0; page < MAX_LISTS; page++) {
      const { uploads, isLast } = await this.uploadsOf(id);
      for (const { UploadId } of uploads) await this.abortUpload(id, UploadId!);
      if (isLast) return;
    }
    throw new Error(`There are more interrupted uploads of one file than ${MAX_LISTS} pages`);
  }

  private async uploadsOf(id: string) {
    try {
      const command = new ListMultipartUploadsCommand({ Bucket: this.bucket, Prefix: id });
      const { Uploads = [], IsTruncated = false } = await this.client.send(command);
      return { uploads: Uploads, isLast: !IsTruncated };
    } catch (error) {
      // A service that can't list them has to end them by itself.
      if (statusOf(error) === 501) return { uploads: [], isLast: true };
      throw error;
    }
  }

  /** That it has ended already is no error. */
  private async abortUpload(id: string, UploadId: string): Promise<void> {
    try {
      await this.client.send(new AbortMultipartUploadCommand({ Bucket: this.bucket, Key: id, UploadId }));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
}

/** The pieces of a body. @throws FileStoreUnavailableError when it breaks off, or the next one doesn't come in time */
async function* piecesOf(body: Readable, stallTimeout: number): AsyncGenerator<Buffer> {
  const reason = `S3 is out of reach, or fails: the next piece of a file has not come within ${stallTimeout} ms`;
  const late = () => body.destroy(new FileStoreUnavailableError(reason));
  let timer = setTimeout(late, stallTimeout);
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      yield piece;
      timer = setTimeout(late, stallTimeout);
    }
  } catch (error) {
    throw storeError(error as Error);
  } finally {
    clearTimeout(timer);
  }
}

function clientOf(config: FileStoreConfig, limits: typeof LIMITS): S3Client {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  // Checksums of AWS's own kinds are an extension that not all other services know.
  const checksums = config.S3_ENDPOINT === undefined ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  return new S3Client({
    region: config.S3_REGION,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    ...(config.S3_ENDPOINT === undefined ? {} : { endpoint: config.S3_ENDPOINT }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: limits.connectionTimeout,
      requestTimeout: limits.requestTimeout,
      socketTimeout: limits.socketTimeout,
      throwOnRequestTimeout: true,
      httpAgent: keepAliveAgent('http:', KEPT_CONNECTIONS),
      httpsAgent: keepAliveAgent('https:', KEPT_CONNECTIONS),
    },
  });
}
