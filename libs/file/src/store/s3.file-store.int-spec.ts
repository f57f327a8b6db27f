import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { loadConfig } from '@app/platform';
import { eventually } from '../../../../test/support/eventually.js';
import { type S3Failure, type S3Server, startS3Server } from '../../../../test/support/files/s3-server.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { FileStoreUnavailableError } from '../files/file.errors.js';
import { FileStoreConfig } from './file-store.config.js';
import { S3FileStore } from './s3.file-store.js';

const MIB = 1_048_576;
/** What hangs is over within three times as much, and what the SDK waits between attempts. */
const SHORT = { connectionTimeout: 300, requestTimeout: 300, readTimeout: 300, stallTimeout: 300 };
/** Too long to be what ends a test. */
const LONG = { socketTimeout: 600_000 };
const FAR = 600_000;

let server: S3Server;
let network: TcpProxy;
let config: FileStoreConfig;
let store: S3FileStore;

beforeAll(async () => {
  server = await startS3Server();
  network = await TcpProxy.to('127.0.0.1', Number(new URL(server.env.S3_ENDPOINT).port));
  const env = { ...server.env, S3_ENDPOINT: `http://127.0.0.1:${network.port}` };
  [config] = loadConfig([FileStoreConfig], { NODE_ENV: 'test', ...env });
});
beforeEach(() => {
  store = storeWith(SHORT);
});
afterEach(() => {
  network.mend();
  server.failWith(null);
});
afterAll(async () => {
  await network?.close();
  await server?.stop();
});

const storeWith = (limits: Partial<typeof SHORT>, env = {}) => {
  const far = { connectionTimeout: FAR, requestTimeout: FAR, readTimeout: FAR, stallTimeout: FAR };
  return new S3FileStore(Object.assign(new FileStoreConfig(), config, env), { ...far, ...LONG, ...limits });
};
const forever = () => new AbortController().signal;
const write = (id: string, ...pieces: Buffer[]) =>
  store.write(id, Readable.from(pieces, { objectMode: false }), forever());
const read = (id: string) => buffer(store.read(id, null, forever()));
const failureOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error('It has not failed'),
    (error: Error) => error,
  );

/** What fails, by its name: each on a file that is there, or as if it were new. */
const WORK: [string, (id: string) => Promise<unknown>][] = [
  ['storing a file', () => write(randomUUID(), Buffer.from('new'))],
  ['storing a large file', () => write(randomUUID(), Buffer.alloc(6 * MIB))],
  ['reading a file', read],
  ['removing a file', (id) => store.remove([id])],
];

async function storedFile(bytes: number): Promise<string> {
  const id = randomUUID();
  await storeWith({}).write(id, Readable.from([Buffer.alloc(bytes, 7)], { objectMode: false }), forever());
  return id;
}

describe.each(WORK)('%s', (_, work) => {
  let id: string;
  beforeAll(async () => {
    id = await storedFile(10);
  });

  it.each<[string, () => void]>([
    ['is out of reach', () => network.sever()],
    ['hangs', () => network.set('half-open')],
    ['asks to slow down', () => server.failWith({ status: 503, code: 'SlowDown' })],
    ['fails', () => server.failWith({ status: 500, code: 'InternalError' })],
    ['waited too long for a part', () => server.failWith({ status: 400, code: 'RequestTimeout' })],
    ['is behind something that waited too long', () => server.failWith({ status: 408 })],
    ['is behind something that is overloaded', () => server.failWith({ status: 429 })],
    ['is behind something that fails', () => server.failWith({ status: 502 })],
  ])('may work later when S3 %s', async (_each, begin) => {
    begin();
    const error = await failureOf(work(id));
    expect(error).toBeInstanceOf(FileStoreUnavailableError);
    expect(error).toMatchObject({ code: 'service_unavailable', cause: { message: expect.stringMatching(/^S3 /) } });
    expect(String(error.cause)).not.toContain(server.env.S3_ACCESS_KEY_ID);
  });

  it.each<[S3Failure, RegExp]>([
    [{ status: 403, code: 'AccessDenied' }, /S3_ACCESS_KEY_ID/],
    [{ status: 403, code: 'SignatureDoesNotMatch' }, /S3_SECRET_ACCESS_KEY/],
    [{ status: 403, code: 'RequestTimeTooSkewed' }, /clock/],
    [{ status: 403 }, /S3_ACCESS_KEY_ID/],
    [{ status: 404, code: 'NoSuchBucket' }, /S3_BUCKET/],
    [{ status: 400, code: 'InvalidRequest' }, /^S3 answers 400 \(InvalidRequest\)$/],
  ])('is the operator to mend when S3 answers %j', async (failure, message) => {
    server.failWith(failure);
    const error = await failureOf(work(id));
    expect(error).not.toBeInstanceOf(FileStoreUnavailableError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain(server.env.S3_ACCESS_KEY_ID);
  });
});

describe('without an access key of its own settings', () => {
  const [name, before] = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI']];
  beforeAll(() => {
    // Where the pod would give one, and is out of reach.
    process.env[name] = 'http://127.0.0.1:9/';
  });
  afterAll(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });

  it('a file may be read later, and the start is told which settings there are', async () => {
    const { S3_BUCKET, S3_ENDPOINT } = config;
    const [keyless] = loadConfig([FileStoreConfig], { NODE_ENV: 'test', S3_BUCKET, S3_ENDPOINT });
    store = new S3FileStore(keyless);
    const error = await failureOf(read(randomUUID()));
    expect(error).toBeInstanceOf(FileStoreUnavailableError);
    expect(String(error.cause)).toContain('access key');
    expect(await store.findProblem()).toContain('S3_ACCESS_KEY_ID');
  });
});

it('S3 that hangs before a file begins is waited for no longer than a reader waits', async () => {
  const id = await storedFile(10);
  // Nothing else has a limit here.
  store = storeWith({ readTimeout: 300 });
  network.set('half-open');
  expect(await failureOf(read(id))).toBeInstanceOf(FileStoreUnavailableError);
});

describe('S3 that hangs in the middle', () => {
  it('of storing a file may work later, and what it has is removed with the file', async () => {
    const [id, before] = [randomUUID(), (await server.stored()).length];
    // Before S3 hangs, a part needs some of it.
    store = storeWith({ requestTimeout: 2_000 });
    async function* pieces() {
      yield Buffer.alloc(11 * MIB);
      // The upload's own file, and a part.
      await eventually(async () => (await server.stored()).length > before + 1);
      network.set('half-open');
    }
    const work = store.write(id, Readable.from(pieces(), { objectMode: false }), forever());
    expect(await failureOf(work)).toBeInstanceOf(FileStoreUnavailableError);
    network.mend();
    expect((await server.stored()).length).toBeGreaterThan(before);
    await storeWith({}).remove([id]);
    expect((await server.stored()).length).toBe(before);
  });

  it('of reading a file may work later, and all of it is never there', async () => {
    const id = await storedFile(6 * MIB);
    store = storeWith({ stallTimeout: 300 });
    network.reset();
    network.stallNext(2 * MIB);
    let bytes = 0;
    const reading = (async () => {
      for await (const piece of store.read(id, null, forever())) bytes += (piece as Buffer).length;
    })();
    expect(await failureOf(reading)).toBeInstanceOf(FileStoreUnavailableError);
    expect(bytes).toBeLessThan(6 * MIB);
    await storeWith({}).remove([id]);
  });

  it('is not meant by a reader that takes nothing for a while', async () => {
    const id = await storedFile(6 * MIB);
    // Longer than a machine stands still, and shorter than the reader does. The proxy would drop what is on its way when the server ends an idle connection.
    store = storeWith({ stallTimeout: 5_000 }, { S3_ENDPOINT: server.env.S3_ENDPOINT });
    let bytes = 0;
    for await (const piece of store.read(id, null, forever())) {
      if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 7_000));
      bytes += (piece as Buffer).length;
    }
    expect(bytes).toBe(6 * MIB);
    await storeWith({}).remove([id]);
  });
});
