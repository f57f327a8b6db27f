import 'reflect-metadata';
import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as otherWork } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Database, DatabaseConfig, loadConfig } from '@app/platform';
import { startS3Server } from '../../../../test/support/files/s3-server.js';
import { createTestDatabase } from '../../../../test/support/services.js';
import { FileStoreConfig } from './file-store.config.js';
import type { ByteRange, FileStore } from './file-store.port.js';
import { PostgresqlFileStore } from './postgresql.file-store.js';
import { S3FileStore } from './s3.file-store.js';

const MIB = 1_048_576;

/** How often memory is looked at. */
const STEP = 16 * MIB;

/** More than one chunk of PostgreSQL's, or part of S3's, and no whole number of either. */
const LENGTHS = [1, 262_143, 262_144, 262_145, 5 * MIB, 5 * MIB + 1, 11 * MIB + 7];

/** An adapter on a place of its own. */
interface Subject {
  store: FileStore;
  /** Whether the place holds no byte of any file, nor parts of one. */
  isEmpty(): Promise<boolean>;
  stop(): Promise<void>;
}

async function onPostgresql(): Promise<Subject> {
  const testDatabase = await createTestDatabase();
  const database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  return {
    store: new PostgresqlFileStore(database),
    isEmpty: async () => (await database.pool.query('SELECT FROM file_chunk')).rowCount === 0,
    async stop() {
      await database.onApplicationShutdown();
      await testDatabase.drop();
    },
  };
}

async function onS3(): Promise<Subject> {
  const server = await startS3Server();
  const [config] = loadConfig([FileStoreConfig], { NODE_ENV: 'test', ...server.env });
  return {
    store: new S3FileStore(config),
    isEmpty: async () => (await server.stored()).length === 0,
    stop: () => server.stop(),
  };
}

const forever = () => new AbortController().signal;
const pieces = (bytes: Buffer, length = 65_536) =>
  Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );

/** Gives pieces until there are `length` bytes, and calls back before each. */
function sourceOf(length: number, before: (given: number) => unknown): Readable {
  async function* give() {
    for (let given = 0; given < length; given += 65_536) {
      await before(given);
      yield Buffer.alloc(65_536, given / 65_536);
    }
  }
  return Readable.from(give(), { objectMode: false });
}

describe.each([
  ['PostgreSQL', onPostgresql],
  ['S3', onS3],
])('a store of files in %s', (_, start) => {
  let subject: Subject;
  let store: FileStore;

  beforeAll(async () => {
    subject = await start();
    ({ store } = subject);
  });
  afterAll(() => subject?.stop());

  const write = async (bytes: Buffer) => {
    const id = randomUUID();
    await store.write(id, Readable.from(pieces(bytes), { objectMode: false }), forever());
    return id;
  };
  const read = (id: string, range: ByteRange | null = null) => buffer(store.read(id, range, forever()));

  it.each(LENGTHS)('reads a file of %i bytes as it came', async (length) => {
    const bytes = randomBytes(length);
    const id = await write(bytes);
    expect((await read(id)).equals(bytes)).toBe(true);
    await store.remove([id]);
    expect(await subject.isEmpty()).toBe(true);
  });

  it('gives parts of a file, both ends included', async () => {
    const bytes = randomBytes(6 * MIB + 5);
    const id = await write(bytes);
    const edges = [0, 1, 262_143, 262_144, 524_288, 5 * MIB - 1, 5 * MIB, bytes.length - 1];
    // The server of this test takes an end of 0 for none.
    const ranges = edges.flatMap((start) =>
      edges.filter((end) => end > 0 && end >= start).map((end) => ({ start, end })),
    );
    for (const range of ranges) {
      const part = await read(id, range);
      expect([range, part.equals(bytes.subarray(range.start, range.end + 1))]).toEqual([range, true]);
    }
    await store.remove([id]);
  });

  it('fails as the source fails, and leaves nothing after the file is removed', async () => {
    const id = randomUUID();
    const source = sourceOf(12 * MIB, (given) => {
      if (given >= 7 * MIB) throw new Error('The client has hung up');
    });
    await expect(store.write(id, source, forever())).rejects.toThrow('The client has hung up');
    await store.remove([id]);
    expect(await subject.isEmpty()).toBe(true);
  });

  it('ends writing when it is told to, and leaves nothing after the file is removed', async () => {
    const [id, stop] = [randomUUID(), new AbortController()];
    const source = sourceOf(100 * MIB, (given) => {
      if (given >= 7 * MIB) stop.abort();
    });
    await expect(store.write(id, source, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    await store.remove([id]);
    expect(await subject.isEmpty()).toBe(true);
  });

  it('writes nothing when it was told to end before', async () => {
    await expect(store.write(randomUUID(), sourceOf(MIB, otherWork), AbortSignal.abort())).rejects.toThrow();
    expect(await subject.isEmpty()).toBe(true);
  });

  it('ends reading when it is told to', async () => {
    const [id, stop] = [await write(randomBytes(6 * MIB)), new AbortController()];
    const bytes = store.read(id, null, stop.signal);
    const reading = (async () => {
      for await (const piece of bytes) if ((piece as Buffer).length > 0) stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    await store.remove([id]);
  });

  it('removes many files, no others, and none twice', async () => {
    const kept = await write(Buffer.from('kept'));
    const ids = await Promise.all(Array.from({ length: 25 }, (_each, index) => write(Buffer.from(`File ${index}`))));
    await store.remove([...ids, randomUUID()]);
    await store.remove(ids);
    await store.remove([]);
    expect((await read(kept)).toString()).toBe('kept');
    await store.remove([kept]);
    expect(await subject.isEmpty()).toBe(true);
  });

  it('holds no more than a few parts of a large file in memory', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = () => {
      // What the first run frees is counted off beside it.
      collect();
      collect();
      return process.memoryUsage().arrayBuffers / MIB;
    };
    const [id, length, before] = [randomUUID(), 64 * MIB, held()];
    let most = 0;
    const watch = (passed: number) => {
      if (passed % STEP === 0) most = Math.max(most, held() - before);
    };
    await store.write(id, sourceOf(length, watch), forever());
    let passed = 0;
    for await (const piece of store.read(id, null, forever())) {
      passed += (piece as Buffer).length;
      if (Math.floor(passed / STEP) > Math.floor((passed - (piece as Buffer).length) / STEP)) watch(0);
    }
    expect(passed).toBe(length);
    expect(most).toBeLessThan(32);
    await store.remove([id]);
  }, 120_000);
});
