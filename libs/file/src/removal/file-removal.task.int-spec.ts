import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Database, DatabaseConfig, loadConfig, uuidv7 } from '@app/platform';
import { Logger } from '@nestjs/common';
import { insertUser } from '../../../../test/support/rows.js';
import { startS3Server, type S3Server } from '../../../../test/support/files/s3-server.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import type { FileStoreName } from '../files/file.row.js';
import { FileStoreConfig } from '../store/file-store.config.js';
import { fileStoresOf } from '../store/file-store.factory.js';
import type { FileStoreRegistry } from '../store/file-store.registry.js';
import { FileRemovalStore } from './file-removal.store.js';
import { FileRemovalTask } from './file-removal.task.js';

let testDatabase: TestDatabase;
let database: Database;
let s3: S3Server;
let stores: FileStoreRegistry;
let task: FileRemovalTask;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  s3 = await startS3Server();
  stores = await storesAt(s3.env);
  task = taskOf(stores);
});

afterAll(async () => {
  await s3?.stop();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

const storesAt = (env: NodeJS.ProcessEnv) =>
  fileStoresOf(loadConfig([FileStoreConfig], { NODE_ENV: 'test', ...env })[0], database);
const taskOf = (registry: FileStoreRegistry) => new FileRemovalTask(new FileRemovalStore(database), registry);

/** Stores a file of a user, and gives its bytes. */
async function store(userId: string, name: FileStoreName, length = 300_000): Promise<{ id: string; bytes: Buffer }> {
  const [id, bytes] = [uuidv7(), randomBytes(length)];
  await stores.get(name).write(id, Readable.from([bytes], { objectMode: false }), new AbortController().signal);
  const data = { id, userId, name: 'x.bin', mediaType: 'image/png', bytes: length, store: name };
  await database.prisma.file.create({ data });
  return { id, bytes };
}

/** Whether a part of these bytes is in either store. */
async function isHeld(bytes: Buffer): Promise<boolean> {
  const part = bytes.subarray(1_000, 1_032);
  const { rows } = await database.pool.query('SELECT FROM file_chunk WHERE position($1::bytea in data) > 0', [part]);
  return rows.length > 0 || (await s3.holds(part));
}

const left = async () =>
  (await database.prisma.fileRemoval.findMany({ select: { fileId: true } })).map((row) => row.fileId);

describe('the bytes of deleted files', () => {
  it.each<FileStoreName>(['postgresql', 's3'])(
    'are away from %s after a user is erased, and those of others are not',
    async (name) => {
      const [user, other] = [await insertUser(database), await insertUser(database)];
      const files = [await store(user, name), await store(user, name, 6_000_000)];
      const kept = await store(other, name);
      await database.prisma.user.delete({ where: { id: user } });
      for (const { bytes } of files) expect(await isHeld(bytes)).toBe(true);
      await task.run();
      for (const { bytes } of [...files]) expect(await isHeld(bytes)).toBe(false);
      expect(await isHeld(kept.bytes)).toBe(true);
      expect(await left()).toEqual([]);
    },
  );

  it('are removed once, however many workers there are and however many files', async () => {
    const user = await insertUser(database);
    const files = [];
    for (let count = 0; count < 130; count++) files.push(await store(user, 'postgresql', 2_000));
    await database.prisma.file.deleteMany({ where: { userId: user } });
    await Promise.all([task, taskOf(stores), taskOf(stores)].map((each) => each.run()));
    expect(await left()).toEqual([]);
    expect(await isHeld(files[129]!.bytes)).toBe(false);
  });

  it('of an upload that a process has left are removed when their time has come', async () => {
    const fileId = uuidv7();
    const source = Readable.from([randomBytes(5_000)], { objectMode: false });
    await stores.get('s3').write(fileId, source, new AbortController().signal);
    const dueAt = new Date(Date.now() + 3_600_000);
    await database.prisma.fileRemoval.create({ data: { fileId, store: 's3', dueAt } });
    await task.run();
    expect(await left()).toEqual([fileId]);
    await database.prisma.fileRemoval.update({ where: { fileId }, data: { dueAt: new Date() } });
    await task.run();
    expect([await left(), await s3.stored()]).toEqual([
      [],
      expect.not.arrayContaining([expect.stringContaining(fileId)]),
    ]);
  });
});

describe('a store that is away', () => {
  const lines: string[] = [];
  const note = (level: string) => (line: string) => lines.push(`${level}: ${line}`);

  beforeAll(() => Logger.overrideLogger({ log: note('log'), warn: note('warn'), error: note('error') }));
  afterEach(() => lines.splice(0));
  afterAll(() => Logger.overrideLogger(false));

  it('is tried again for good, told once, and holds up no other', async () => {
    const user = await insertUser(database);
    const [away, there] = [await store(user, 's3'), await store(user, 'postgresql')];
    await database.prisma.user.delete({ where: { id: user } });
    // Nothing listens on this port.
    const failing = taskOf(await storesAt({ ...s3.env, S3_ENDPOINT: 'http://127.0.0.1:9' }));
    for (let round = 0; round < 2; round++) {
      await failing.run();
      expect(await left()).toEqual([away.id]);
      await database.prisma.fileRemoval.updateMany({ data: { dueAt: new Date() } });
    }
    expect(await isHeld(there.bytes)).toBe(false);
    expect(lines).toEqual([
      expect.stringMatching(/^warn: The bytes of deleted files stay in s3 for now: .*ECONNREFUSED/),
    ]);
    // A worker without the settings of the store leaves them to others.
    await taskOf(await storesAt({})).run();
    expect(await left()).toEqual([away.id]);
    await task.run();
    expect([await left(), await isHeld(away.bytes)]).toEqual([[], false]);
  });

  it('since it is set up wrongly, is an error that names the setting, also after it was away', async () => {
    const user = await insertUser(database);
    await store(user, 's3');
    await database.prisma.user.delete({ where: { id: user } });
    for (const failure of [
      { status: 503, code: 'SlowDown' },
      { status: 404, code: 'NoSuchBucket' },
    ]) {
      s3.failWith(failure);
      await task.run();
      await database.prisma.fileRemoval.updateMany({ data: { dueAt: new Date() } });
    }
    s3.failWith(null);
    expect(lines).toEqual([
      expect.stringMatching(/^warn: The bytes of deleted files stay in s3 /),
      expect.stringMatching(/^error: The bytes of deleted files stay in s3 .*S3_BUCKET/),
    ]);
    await task.run();
    expect(await left()).toEqual([]);
  });
});
