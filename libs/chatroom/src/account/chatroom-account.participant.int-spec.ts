import 'reflect-metadata';
import { AccountParticipantService } from '@app/auth';
import { Database, DatabaseConfig, RedisClient, RedisConfig } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { Redis } from 'ioredis';
import { eventually } from '../../../../test/support/eventually.js';
import { chatrooms } from '../../../../test/support/replies/chatrooms.js';
import { type RoomDeletion, startRoomDeletion } from '../../../../test/support/replies/room-deletion.js';
import { insertMessages, insertUser } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../../../../test/support/services.js';
import { ChatroomAccountParticipant, type ExportedChatroom } from './chatroom-account.participant.js';
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
let cache: ChatroomListCache;
let rooms: ChatroomService;
let participants: AccountParticipantService;
let api: RoomDeletion;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  const { host, port, db } = await testRedis();
  redis = new RedisClient(Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db }));
  await eventually(() => redis.status === 'ready');
  raw = new Redis({ host, port, db });
  cache = new ChatroomListCache(redis);
  ({ rooms } = chatrooms(database, new SystemClock()));
  participants = new AccountParticipantService();
  const replies = new ReplyErasureService(database, new ReplyLogStore(redis), redis, new SystemClock());
  api = await startRoomDeletion(database, new SystemClock());
  const walks = new ChatroomWalkCache(redis);
  new ChatroomAccountParticipant(database, cache, walks, replies, api.deletion, participants).onModuleInit();
});

afterAll(async () => {
  redis.disconnect();
  raw.disconnect();
  await api.stop();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

it('exports every room with every message, however many, and those of no other user', async () => {
  const [user, otherUser] = [await insertUser(database), await insertUser(database)];
  const quiet = await rooms.create(user, { title: 'Quiet' });
  const busy = await rooms.create(user, { title: 'Busy' });
  await insertMessages(database, (await rooms.create(otherUser, {})).id, [{ content: 'private' }]);
  const many = Array.from({ length: 1_001 }, (_, index) => ({ content: `Message ${index}`, superseded: index === 7 }));
  const ids = await insertMessages(database, busy.id, many);
  const key = { userId: user, key: 'k-123', requestHash: Buffer.alloc(32), replyId: ids[9]!, createdAt: new Date() };
  await database.prisma.idempotencyKey.create({ data: key });

  const { chatrooms: exported } = (await participants.export(user)) as { chatrooms: ExportedChatroom[] };
  expect(exported.map(({ messages, ...room }) => ({ room, count: messages.length }))).toEqual([
    { room: quiet, count: 0 },
    { room: busy, count: 1_001 },
  ]);
  expect(exported[1]?.messages.map(({ id, superseded, idempotencyKey }) => [id, superseded, idempotencyKey])).toEqual(
    ids.map((id, index) => [id, index === 7, index === 9 ? 'k-123' : null]),
  );
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
  const [key] = await raw.keys(`*${user}*`);
  expect(await raw.ttl(key!)).toBeGreaterThan(0);
  redis.disconnect();
  await expect(participants.erase(user)).resolves.toBeUndefined();
});
