import 'reflect-metadata';
import { FILE_RETENTION } from '@app/file';
import { PastTurnStore } from '@app/chatroom';
import { type ChatroomService, type MessageAcceptanceStore } from '@app/chatroom/testing';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import type { PoolClient } from 'pg';
import { eventually } from '../support/eventually.js';
import { chatrooms } from '../support/replies/chatrooms.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { type RoomDeletion, startRoomDeletion } from '../support/replies/room-deletion.js';
import { insertUser } from '../support/rows.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

let testDatabase: TestDatabase;
let database: Database;
let acceptance: MessageAcceptanceStore;
let rooms: ChatroomService;
let api: RoomDeletion;
let user: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  database.pool.options.connectionTimeoutMillis = 60_000;
  const clock = new SystemClock();
  ({ acceptance } = messageAcceptance(database, clock, 1_000_000));
  ({ rooms } = chatrooms(database, clock));
  api = await startRoomDeletion(database, clock);
});
afterAll(async () => {
  await api?.stop();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});
beforeEach(async () => {
  user = await insertUser(database);
});

const newRoom = async () => (await rooms.create(user, {})).id;

async function newFile(): Promise<string> {
  const id = uuidv7();
  const file = { name: 'a.png', mediaType: 'image/png', bytes: 1_000, store: 'postgresql' };
  const deleteAfter = new Date(Date.now() + 3_600_000);
  await database.prisma.file.create({ data: { id, userId: user, ...file, deleteAfter } });
  return id;
}

/** Sends a message with files, and ends its reply. */
async function exchange(room: string, files: string[], content = 'Hi') {
  const sent = await acceptance.send(user, room, content, null, files);
  await database.pool.query(
    `UPDATE message SET status = 'completed', content = 'An answer', completed_at = now(), due_at = NULL, next_enqueue_at = NULL WHERE id = $1`,
    [sent.reply.id],
  );
  return sent;
}

/** When a file is deleted: null while a message has it; undefined once it is. */
const deleteAfterOf = async (id: string) =>
  (await database.prisma.file.findUnique({ where: { id }, select: { deleteAfter: true } }))?.deleteAfter;
const isKept = async (id: string) => (await deleteAfterOf(id)) === null;
const retain = () => database.run(FILE_RETENTION[0]!.statement, [new Date(Date.now() + 1_000)]);
/** That it is deleted, and its bytes are to be. */
const expectDeleted = async (id: string) => {
  await retain();
  expect(await deleteAfterOf(id)).toBeUndefined();
  expect(await database.prisma.fileRemoval.count({ where: { fileId: id, dueAt: { lte: new Date() } } })).toBe(1);
};

describe('a file', () => {
  it('stays as long as any message has it, also one of another room', async () => {
    const [first, second, file] = [await newRoom(), await newRoom(), await newFile()];
    await exchange(first, [file]);
    await exchange(first, [file]);
    await exchange(second, [file]);
    await api.deletion.delete(user, first);
    await retain();
    expect(await isKept(file)).toBe(true);
    await api.deletion.delete(user, second);
    await expectDeleted(file);
  });

  it.each([
    ['the original', 0, 1],
    ['the fork', 1, 0],
  ])('of a forked room stays when %s is deleted', async (_, first, second) => {
    const [room, file, another] = [await newRoom(), await newFile(), await newFile()];
    await exchange(room, [file]);
    const { message, reply } = await exchange(room, [another, file], '');
    const fork = await rooms.fork(user, { chatroomId: room, id: reply.id });
    const { messages } = await rooms.read(user, fork.id, { limit: 10 });
    expect(messages.map(({ files }) => files.map(({ id }) => id))).toEqual([[file], [], [another, file], []]);
    expect(messages[2]!.files).toEqual(
      message.files!.map((file) =>
        expect.objectContaining({ id: file.id, name: file.name, createdAt: file.createdAt }),
      ),
    );
    const both = [room, fork.id];
    await api.deletion.delete(user, both[first]!);
    await retain();
    expect([await isKept(file), await isKept(another)]).toEqual([true, true]);
    await api.deletion.delete(user, both[second]!);
    await expectDeleted(file);
    await expectDeleted(another);
  });

  it('is not in a fork of what was said before it', async () => {
    const [room, file] = [await newRoom(), await newFile()];
    const { reply } = await exchange(room, []);
    await exchange(room, [file]);
    await rooms.fork(user, { chatroomId: room, id: reply.id });
    await api.deletion.delete(user, room);
    await expectDeleted(file);
  });

  it('is among what was said, also where its question has no text', async () => {
    const [room, file] = [await newRoom(), await newFile()];
    const { message } = await exchange(room, [file], '');
    const turns = await new PastTurnStore(database).newest(room, 3);
    expect(turns).toEqual([{ seq: 1, question: '', files: message.files, answer: 'An answer' }]);
  });
});

describe('at the same time', () => {
  const ROUNDS = 15;
  const anyOrder = (files: string[]) => (Math.random() < 0.5 ? files : files.toReversed());

  it('two rooms with the same files are deleted, and none of those is left', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const files = await Promise.all([1, 2, 3, 4].map(() => newFile()));
      const both = [await newRoom(), await newRoom()];
      // One file in each message, so that the rooms have them in opposite orders.
      for (const file of files) await exchange(both[0]!, [file]);
      for (const file of files.toReversed()) await exchange(both[1]!, [file]);
      await Promise.all(both.map((room) => api.deletion.delete(user, room)));
      await retain();
      expect(await database.prisma.file.count({ where: { userId: user } })).toBe(0);
    }
  });

  it('a room is deleted and its files are sent in another one, forked or sent in itself: what is accepted has its files', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const files = await Promise.all([1, 2].map(() => newFile()));
      const [room, other] = [await newRoom(), await newRoom()];
      for (const file of anyOrder(files)) await exchange(room, [file]);
      const { reply } = await exchange(room, files);
      const forks = rooms.fork(user, { chatroomId: room, id: reply.id }).then(
        ({ id }) => id,
        (error: { code?: string }) => error.code,
      );
      const outcomes = await Promise.allSettled([
        api.deletion.delete(user, room),
        acceptance.send(user, other, 'Hi', null, anyOrder(files)),
        acceptance.send(user, room, 'Hi', null, anyOrder(files)),
        ...Array.from({ length: 3 }, () => retain()),
      ]);
      const codes = outcomes.flatMap((each) =>
        each.status === 'rejected' ? [(each.reason as { code?: string }).code] : [],
      );
      expect(codes.filter((code) => code !== 'file_not_found' && code !== 'chatroom_not_found')).toEqual([]);
      expect(await forks).toMatch(/^(?:[0-9a-f-]{36}|chatroom_not_found)$/);
      await retain();
      const { rows } = await database.pool.query(
        `SELECT FROM message CROSS JOIN LATERAL jsonb_array_elements(message.files) held
         WHERE message.user_id = $1 AND NOT EXISTS (
           SELECT FROM message_file JOIN file ON file.id = message_file.file_id AND file.delete_after IS NULL
           WHERE message_file.message_id = message.id AND message_file.file_id = (held.value ->> 'id')::uuid)`,
        [user],
      );
      expect(rows).toEqual([]);
    }
  });

  it('an account loses all rooms while files are sent in one of them', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const files = await Promise.all([1, 2].map(() => newFile()));
      const [room, other] = [await newRoom(), await newRoom()];
      for (const file of files) await exchange(room, [file]);
      for (const file of files.toReversed()) await exchange(other, [file]);
      const sent = acceptance.send(user, room, 'Hi', null, anyOrder(files)).then(
        () => 'accepted',
        (error: { code?: string }) => error.code,
      );
      await Promise.all([api.deletion.deleteAll(user), api.deletion.delete(user, other).catch(() => undefined)]);
      expect(['accepted', 'chatroom_not_found', 'file_not_found']).toContain(await sent);
      await retain();
      expect(await database.prisma.file.count({ where: { userId: user } })).toBe(0);
    }
  });
});

describe('while others hold a lock', () => {
  /** A transaction that ends at the test's will. */
  let other: PoolClient;
  beforeEach(async () => {
    other = await database.pool.connect();
    await other.query('BEGIN');
  });
  afterEach(async () => {
    await other.query('ROLLBACK');
    other.release();
  });

  const untilWaiting = (count: number) =>
    eventually(async () => {
      const { rows } = await database.pool.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows[0]!.waiting >= count;
    });
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'accepted',
      (error: { code?: string }) => error.code,
    );

  it.each([
    ['a room that is idle', (room: string) => api.deletion.delete(user, room)],
    ['all rooms', () => api.deletion.deleteAll(user)],
  ])('who deletes %s locks its files in the order of their ids, whatever that of its messages', async (_, remove) => {
    const room = await newRoom();
    const files = [await newFile(), await newFile()].sort();
    for (const file of files.toReversed()) await exchange(room, [file]);
    await other.query('SELECT FROM file WHERE id = $1 FOR NO KEY UPDATE', [files[0]]);
    const deleted = codeOf(remove(room));
    await untilWaiting(1);
    await other.query('SELECT FROM file WHERE id = $1 FOR NO KEY UPDATE', [files[1]]);
    await other.query('COMMIT');
    expect(await deleted).toBe('accepted');
    for (const file of files) await expectDeleted(file);
  });

  it('who sends a file that is being deleted does not find it', async () => {
    const [room, file] = [await newRoom(), await newFile()];
    await other.query('DELETE FROM file WHERE id = $1', [file]);
    const sent = codeOf(acceptance.send(user, room, 'Hi', null, [file]));
    await untilWaiting(1);
    await other.query('COMMIT');
    expect(await sent).toBe('file_not_found');
  });

  it('who began to send a file before its last message was deleted keeps it', async () => {
    const [room, last, file] = [await newRoom(), await newRoom(), await newFile()];
    await exchange(last, [file]);
    await other.query('SELECT FROM chatroom WHERE id = $1 FOR UPDATE', [room]);
    const sent = codeOf(acceptance.send(user, room, 'Hi', null, [file]));
    await untilWaiting(1);
    await api.deletion.delete(user, last);
    expect(await isKept(file)).toBe(false);
    await other.query('COMMIT');
    expect(await sent).toBe('accepted');
    expect(await isKept(file)).toBe(true);
  });

  it('who forks a room that is deleted with its files does not find it', async () => {
    const [room, file] = [await newRoom(), await newFile()];
    const { reply } = await exchange(room, [file]);
    await other.query('DELETE FROM chatroom WHERE id = $1', [room]);
    await other.query('DELETE FROM file WHERE id = $1', [file]);
    const forked = codeOf(rooms.fork(user, { chatroomId: room, id: reply.id }));
    await untilWaiting(1);
    await other.query('COMMIT');
    expect(await forked).toBe('chatroom_not_found');
  });
});
