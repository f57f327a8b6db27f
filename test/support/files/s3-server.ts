import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import S3rver, { type Context, type Middleware } from '@20minutes/s3rver';

/** A server that speaks like S3, with its files in a folder of its own. */
export interface S3Server {
  /** The settings of a process that stores files there. */
  env: { FILE_STORE: 's3'; S3_BUCKET: string; S3_ENDPOINT: string; S3_FORCE_PATH_STYLE: string } & Record<
    'S3_ACCESS_KEY_ID' | 'S3_SECRET_ACCESS_KEY',
    string
  >;
  /** Whether these bytes are anywhere: in an object, or in a part of an upload that has not ended. */
  holds(bytes: Buffer): Promise<boolean>;
  /** Everything that is stored, parts too, by the paths of files. */
  stored(): Promise<string[]>;
  /**
   * Holds back all requests that delete objects, which stay meanwhile.
   *
   * @returns how many are held back, and what lets them go on
   */
  holdDeletions(): { held: () => number; release: () => void };
  /** Answers every request with this error from now on; null: as it should. */
  failWith(failure: S3Failure | null): void;
  stop(): Promise<void>;
}

/** An error as S3 answers it, or as something before it does, which knows no codes of S3. */
export interface S3Failure {
  status: number;
  code?: string;
}

/** The only key that it knows. */
const KEY = 'S3RVER';

export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 's3-'));
  const bucket = `files-${randomUUID()}`;
  const server = new S3rver({
    ...{ address: '127.0.0.1', port: 0, silent: true, directory, vhostBuckets: false },
    configureBuckets: [{ name: bucket }],
  });
  const deletions = new Deletions();
  let failure: S3Failure | null = null;
  server.middleware.unshift(
    (context, next) => (failure === null ? next() : answer(context, failure)),
    deletions.middleware,
    uploadsOf(join(directory, bucket, '._S3rver_uploads'), bucket),
    signaturesOf(bucket),
  );
  const { port } = await server.run();
  const files = async () => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  };
  return {
    env: {
      ...{ FILE_STORE: 's3', S3_BUCKET: bucket, S3_ENDPOINT: `http://127.0.0.1:${port}`, S3_FORCE_PATH_STYLE: 'true' },
      ...{ S3_ACCESS_KEY_ID: KEY, S3_SECRET_ACCESS_KEY: KEY },
    },
    stored: files,
    failWith: (next) => void (failure = next),
    holdDeletions: () => deletions.hold(),
    async holds(bytes) {
      for (const file of await files()) if ((await readFile(file)).includes(bytes)) return true;
      return false;
    },
    async stop() {
      deletions.release();
      await server.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function answer(context: Context, { status, code }: S3Failure): Promise<void> {
  // The one who sends a part doesn't always hear an answer that comes before all of it.
  await finished(context.req.resume(), { writable: false });
  context.status = status;
  context.type = code === undefined ? 'text/html' : 'application/xml';
  // As S3 does, with what is not meant for a log.
  const error = `<Error><Code>${code}</Code><Message>No</Message><AWSAccessKeyId>${KEY}</AWSAccessKeyId></Error>`;
  context.body = code === undefined ? '<!doctype html><title>Not now</title><hr>' : error;
}

/** Requests that delete objects, by lists of their keys: each waits as long as they are held back. */
class Deletions {
  private waiting: (() => void)[] = [];
  private holds = false;

  readonly middleware: Middleware = async (context, next) => {
    const isDeletion = context.method === 'POST' && context.query['delete'] !== undefined;
    if (this.holds && isDeletion) await new Promise<void>((go) => this.waiting.push(go));
    await next();
  };

  hold(): { held: () => number; release: () => void } {
    this.holds = true;
    return { held: () => this.waiting.length, release: () => this.release() };
  }

  release(): void {
    this.holds = false;
    for (const go of this.waiting.splice(0)) go();
  }
}

/** What s3rver lacks of uploads in parts: their list, of one page, and their end without an object. */
const uploadsOf =
  (folder: string, bucket: string): Middleware =>
  async (context, next) => {
    const { uploads, uploadId, prefix = '' } = context.query;
    if (context.method === 'GET' && context.path === `/${bucket}/` && uploads !== undefined) {
      context.status = 200;
      context.type = 'application/xml';
      context.body = list(await openUploads(folder), prefix);
    } else if (context.method === 'DELETE' && uploadId !== undefined) {
      const upload = join(folder, uploadId);
      context.status = existsSync(upload) ? 204 : 404;
      await rm(upload, { recursive: true, force: true });
    } else await next();
  };

/** Of a request on the bucket itself s3rver takes any signature by a key that it knows: its own lacks the last slash of the path, which AWS's SDK signs. */
const signaturesOf =
  (bucket: string): Middleware =>
  (context, next) => {
    if (context.path === `/${bucket}/`)
      context.app = Object.create(context.app, { allowMismatchedSignatures: { value: true } }) as object;
    return next();
  };

async function openUploads(folder: string): Promise<{ id: string; key: string }[]> {
  const ids = existsSync(folder) ? await readdir(folder) : [];
  return Promise.all(ids.map(async (id) => ({ id, key: await readFile(join(folder, id, 'key'), 'utf8') })));
}

function list(uploads: { id: string; key: string }[], prefix: string): string {
  const entries = uploads
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ id, key }) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`);
  return `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${entries.join('')}</ListMultipartUploadsResult>`;
}
