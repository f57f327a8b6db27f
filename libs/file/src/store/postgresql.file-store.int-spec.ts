import 'reflect-metadata';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { PostgresqlFileStore } from './postgresql.file-store.js';

const CHUNK_BYTES = 262_144;
const { signal } = new AbortController();

let testDatabase: TestDatabase;
let database: Database;
let store: PostgresqlFileStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  store = new PostgresqlFileStore(database);
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

const content = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
const written = async (bytes: Buffer, pieceBytes: number) => {
  const id = uuidv7();
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, piece) =>
    bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes),
  );
  await store.write(id, Readable.from(pieces), signal);
  return id;
};

it.each([
  [1, 1],
  [CHUNK_BYTES, 1_000],
  [CHUNK_BYTES + 1, 65_536],
  [3 * CHUNK_BYTES, 700_000],
])('%i bytes that come in pieces of %i are read as they were written', async (bytes, pieceBytes) => {
  const all = content(bytes);
  const id = await written(all, pieceBytes);
  expect((await buffer(store.read(id, null, signal))).equals(all)).toBe(true);
  expect(await database.prisma.fileChunk.count({ where: { fileId: id } })).toBe(Math.ceil(bytes / CHUNK_BYTES));
});

it.each([
  [0, 0],
  [5, CHUNK_BYTES - 1],
  [CHUNK_BYTES - 1, CHUNK_BYTES],
  [CHUNK_BYTES, 2 * CHUNK_BYTES + 8],
])('the part from %i to %i is read', async (start, end) => {
  const all = content(2 * CHUNK_BYTES + 9);
  const id = await written(all, 65_536);
  const part = await buffer(store.read(id, { start, end }, signal));
  expect(part.equals(all.subarray(start, end + 1))).toBe(true);
});

it('what is not all there is no shorter content but an error', async () => {
  const id = await written(content(2 * CHUNK_BYTES), 65_536);
  await database.prisma.fileChunk.deleteMany({ where: { fileId: id, position: 1 } });
  await expect(buffer(store.read(id, { start: 0, end: 2 * CHUNK_BYTES - 1 }, signal))).rejects.toThrow('not all there');
});

it('removes all bytes of files, repeatedly, and no others', async () => {
  const [one, two, kept] = await Promise.all([1, 2, 3].map(() => written(content(CHUNK_BYTES + 1), 65_536)));
  await store.remove([one!, two!]);
  await store.remove([one!, two!]);
  const left = await database.prisma.fileChunk.findMany({ select: { fileId: true } });
  expect(left.filter(({ fileId }) => fileId === one || fileId === two)).toEqual([]);
  expect(left.filter(({ fileId }) => fileId === kept)).toHaveLength(2);
});

it('fails as its source does, and stops when it is told to', async () => {
  const failing = Readable.from(
    (function* () {
      yield content(CHUNK_BYTES);
      throw new Error('broke off');
    })(),
  );
  await expect(store.write(uuidv7(), failing, signal)).rejects.toThrow('broke off');
  await expect(store.write(uuidv7(), Readable.from([content(CHUNK_BYTES)]), AbortSignal.abort())).rejects.toThrow();
});
