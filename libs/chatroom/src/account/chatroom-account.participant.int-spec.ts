import 'reflect-metadata';
import { AccountParticipantService } from '@app/auth';
import { Database, DatabaseConfig, jsonText, type RedisClient } from '@app/platform';
import { registeredStatements, SystemClock } from '@app/platform/testing';
import type { Redis } from 'ioredis';
import { eventually } from '../../../../test/support/eventually.js';
import { chatrooms } from '../../../../test/support/replies/chatrooms.js';
import { type RoomDeletion, startRoomDeletion } from '../../../../test/support/replies/room-deletion.js';
import { insertMessages, insertUser } from '../../../../test/support/rows.js';
import { connectTestRedis } from '../../../../test/support/deployments/redis-connections.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { ChatroomAccountParticipant } from './chatroom-account.participant.js';
import { ChatroomExportStore } from './chatroom-export.store.js';
import { ChatroomWalkCache } from '../rooms/chatroom-walk.cache.js';
import { ChatroomListCache } from '../rooms/chatroom-list.cache.js';
import type { ChatroomService } from '../rooms/chatroom.service.js';
import { ReplyErasureService } from '../replies/reply-erasure.service.js';
import { ReplyLogStore } from '../streams/reply-log.store.js';

let testDatabase: TestDatabase;
let database: Database;
let redis: RedisClient;
/** Sends what the product has no need of. */
let raw: Redis;
let closeRedis: () => void;
let cache: ChatroomListCache;
let rooms: ChatroomService;
let participants: AccountParticipantService;
let api: RoomDeletion;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  ({ redis, raw, close: closeRedis } = await connectTestRedis());
  cache = new ChatroomListCache(redis);
  ({ rooms } = chatrooms(database, new SystemClock()));
  participants = new AccountParticipantService();
  const replies = new ReplyErasureService(database, new ReplyLogStore(redis), redis, new SystemClock());
  api = await startRoomDeletion(database, new SystemClock());
  const [rows, walks] = [new ChatroomExportStore(database), new ChatroomWalkCache(redis)];
  new ChatroomAccountParticipant(rows, cache, walks, replies, api.deletion, participants).onModuleInit();
});

afterAll(async () => {
  closeRedis();
  await api.stop();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** A room in the file. */
interface ExportedRoom {
  messages: { id: string; content: string; superseded: boolean; idempotencyKey: string | null }[];
}

async function exportOf(userId: string): Promise<{ chatrooms: ExportedRoom[] }> {
  let text = '';
  for await (const piece of jsonText(participants.export(userId))) text += piece;
  return JSON.parse(text) as { chatrooms: ExportedRoom[] };
}

it('exports every room with every message, however many, and those of no other user', async () => {
  const [user, otherUser] = [await insertUser(database), await insertUser(database)];
  const quiet = await rooms.create(user, { title: 'Quiet' });
  const busy = await rooms.create(user, { title: 'Busy' });
  await insertMessages(database, (await rooms.create(otherUser, {})).id, [{ content: 'private' }]);
  const many = Array.from({ length: 1_001 }, (_, index) => ({ content: `Message ${index}`, superseded: index === 7 }));
  const ids = await insertMessages(database, busy.id, many);
  const key = { userId: user, key: 'k-123', requestHash: Buffer.alloc(32), replyId: ids[9]!, createdAt: new Date() };
  await database.prisma.idempotencyKey.create({ data: key });

  const { chatrooms: exported } = await exportOf(user);
  expect(exported.map(({ messages, ...room }) => ({ room, count: messages.length }))).toEqual([
    { room: quiet, count: 0 },
    { room: busy, count: 1_001 },
  ]);
  expect(exported[1]?.messages.map(({ id, superseded, idempotencyKey }) => [id, superseded, idempotencyKey])).toEqual(
    ids.map((id, index) => [id, index === 7, index === 9 ? 'k-123' : null]),
  );
});

it('exports long messages, however many fit into a batch, and rooms of more than one batch', async () => {
  const user = await insertUser(database);
  const lengths = [600_000, 1, 300_000, 300_000, 2, 600_000, 600_000];
  const created = [];
  for (let count = 0; count < 120; count++) created.push(await rooms.create(user, {}));
  await insertMessages(
    database,
    created[60]!.id,
    lengths.map((length) => ({ content: 'é'.repeat(length / 2) })),
  );
  const { chatrooms: exported } = await exportOf(user);
  expect(exported.map(({ messages, ...room }) => ({ ...room, count: messages.length }))).toEqual(
    created.map((room, index) => ({ ...room, count: index === 60 ? lengths.length : 0 })),
  );
  expect(exported[60]!.messages.map(({ content }) => content.length)).toEqual(
    lengths.map((length) => Math.floor(length / 2)),
  );
});

it.each<[string, object]>([
  ['thoughts', { thoughts: 'x'.repeat(150_000) }],
  ['sources', { grounding: { sources: [{ title: 'x'.repeat(150_000), uri: '', ranges: [] }], searchQueries: [] } }],
  ['files', { files: Array.from({ length: 100 }, (_, index) => ({ id: String(index), name: 'x'.repeat(1_500) })) }],
])('exports as many messages with %s at once as a process can hold', async (_, large) => {
  const user = await insertUser(database);
  const { id } = await rooms.create(user, {});
  await insertMessages(database, id, Array<object>(7).fill(large));
  const statement = registeredStatements().find(({ name }) => name === 'message_export');
  expect(await database.run(statement!, [id, 0, 500, 262_144])).toHaveLength(2);
  expect((await exportOf(user)).chatrooms[0]!.messages).toHaveLength(7);
});

it('erases the cached list, again and again', async () => {
  const user = await insertUser(database);
  cache.store(user, { shape: 'false 50', version: 'v', body: '{}' });
  await participants.erase(user);
  await participants.erase(user);
  expect(await raw.keys(`*${user}*`)).toEqual([]);
});

it('does not fail to erase because Redis is away: what is cached ends by itself', async () => {
  const user = await insertUser(database);
  cache.store(user, { shape: 'false 50', version: 'v', body: '{}' });
  // Storing is waited for by no one.
  const [key = ''] = await eventually(async () => {
    const keys = await raw.keys(`*${user}*`);
    expect(keys).toHaveLength(1);
    return keys;
  });
  expect(await raw.ttl(key)).toBeGreaterThan(0);
  redis.disconnect();
  await expect(participants.erase(user)).resolves.toBeUndefined();
});
