import { addAbortSignal, PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { keepAliveAgent } from '@app/platform';
import type { FileStoreConfig } from './file-store.config.js';
import { type ByteRange, FileStore } from './file-store.port.js';

/** The smallest part that S3 takes. An upload holds one part, and what arrives of the next one. */
const PART_BYTES = 5 * 1024 * 1024;

/** How many keys one request deletes at most. */
const KEYS_AT_ONCE = 1_000;

/** How many files are asked about at the same time. */
const LISTS_AT_ONCE = 10;

/** How many interrupted uploads of one file are listed in all, in pages of S3's own size: enough for any number of attempts. */
const MAX_LISTS = 10;

/** Milliseconds to connect; until an answer begins, with a part on its way; and without a byte in either direction. Each of at most three attempts has them. */
const LIMITS = { connectionTimeout: 3_000, requestTimeout: 30_000, socketTimeout: 60_000 };

/** How long the check at the start may take, in milliseconds. Without an answer by then S3 is out of reach. */
const CHECK_MS = 3_000;

const KEPT_CONNECTIONS = { maxIdle: 16, idleMs: 60_000 };

/** No file has it, for those have UUIDs. */
const NO_FILE = 'start-check';

/** What is wrong by S3's code of an error, where waiting doesn't mend it. */
const LASTING_CAUSES: Record<string, string> = {
  NoSuchBucket: 'S3 has no such bucket; check S3_BUCKET, S3_REGION and S3_ENDPOINT',
  PermanentRedirect: "The bucket is in another region, or S3's address is another one; check S3_REGION and S3_ENDPOINT",
  AuthorizationHeaderMalformed: 'The bucket is in another region; check S3_REGION',
  InvalidAccessKeyId: 'S3 does not know the access key; check S3_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'S3 refuses the secret of the access key; check S3_SECRET_ACCESS_KEY',
  AccessDenied: 'S3 denies the access key a right; docs/files.md lists those that it needs',
  CredentialsProviderError: 'There is no access key; set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY',
};

/** Files in a bucket of S3, or of a service that speaks like it: each an object under its id. */
export class S3FileStore extends FileStore {
  private readonly client: S3Client;
  private readonly bucket: string;

  /** @param config has been checked: there is a bucket */
  constructor(config: FileStoreConfig) {
    super();
    this.bucket = config.S3_BUCKET!;
    this.client = clientOf(config);
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
      // If it fails, the parts are removed with the file.
      if (upload.uploadId !== undefined) await this.abortUpload(id, upload.uploadId).catch(() => undefined);
      throw error;
    }
    signal.throwIfAborted();
  }

  override read(id: string, range: ByteRange | null, signal: AbortSignal): Readable {
    const bytes = new PassThrough();
    const closed = new AbortController();
    bytes.once('close', () => closed.abort());
    addAbortSignal(signal, bytes);
    this.send(id, range, bytes, closed.signal).catch((error: Error) => bytes.destroy(error));
    return bytes;
  }

  override async remove(ids: string[]): Promise<void> {
    for (let first = 0; first < ids.length; first += LISTS_AT_ONCE) {
      await Promise.all(ids.slice(first, first + LISTS_AT_ONCE).map((id) => this.abortUploads(id)));
    }
    for (let first = 0; first < ids.length; first += KEYS_AT_ONCE) {
      await this.deleteObjects(ids.slice(first, first + KEYS_AT_ONCE));
    }
  }

  /** What keeps the bucket from ever being used, in a sentence that names the setting; null when nothing does, or S3 is out of reach. */
  async findProblem(): Promise<string | null> {
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: NO_FILE });
    try {
      await this.client.send(command, { abortSignal: AbortSignal.timeout(CHECK_MS) });
      return null;
    } catch (error) {
      return LASTING_CAUSES[(error as Error).name] ?? null;
    }
  }

  private async send(id: string, range: ByteRange | null, to: PassThrough, abortSignal: AbortSignal): Promise<void> {
    const Range = range === null ? undefined : `bytes=${range.start}-${range.end}`;
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: id, Range });
    const { Body } = await this.client.send(command, { abortSignal });
    await pipeline(Body as Readable, to);
  }

  private async deleteObjects(ids: string[]): Promise<void> {
    const Objects = ids.map((Key) => ({ Key }));
    const command = new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await this.client.send(command);
    const [first] = Errors;
    if (first !== undefined) throw new Error(`S3 deletes ${Errors.length} of ${ids.length} objects not: ${first.Code}`);
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

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

function clientOf(config: FileStoreConfig): S3Client {
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
      ...LIMITS,
      throwOnRequestTimeout: true,
      httpAgent: keepAliveAgent('http:', KEPT_CONNECTIONS),
      httpsAgent: keepAliveAgent('https:', KEPT_CONNECTIONS),
    },
  });
}
