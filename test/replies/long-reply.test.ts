import 'reflect-metadata';
import { ReplyLogStore } from '@app/chatroom/testing';
import { LeasedReply, type ReplyStore } from '@app/gemini/testing';
import { Database, DatabaseConfig, RedisClient, RedisConfig, uuidv7 } from '@app/platform';
import { registeredStatements, SystemClock } from '@app/platform/testing';
import type { Redis } from 'ioredis';
import pg from 'pg';
import { withLongTimeout } from '../support/deployments/redis-connections.js';
import { eventually } from '../support/eventually.js';
import { claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../support/services.js';

let testDatabase: TestDatabase;
let database: Database;
let sql: pg.Client;
let redis: RedisClient;
let log: ReplyLogStore;
let replies: ReplyStore;
let accept: () => Promise<string>;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  sql = new pg.Client({ connectionString: testDatabase.url });
  await sql.connect();
  const { host, port, db } = await testRedis();
  const config = Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db });
  // A write that took too long would be followed by one of the whole text.
  redis = withLongTimeout(new RedisClient(config));
  await eventually(() => redis.status === 'ready');
  log = new ReplyLogStore(redis);
  const { acceptance, ...rest } = messageAcceptance(database, new SystemClock(), 1_000);
  replies = rest.replies;
  accept = async () => {
    const [id, room] = [uuidv7(), uuidv7()];
    await database.prisma.user.create({ data: { id, phone: id, chatrooms: { create: { id: room } } } });
    return (await acceptance.send(id, room, 'A long answer, please', null)).reply.id;
  };
});

afterAll(async () => {
  redis.disconnect();
  await sql.end();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** What compresses as little as any text does. */
const randomText = (length: number): string =>
  Array.from({ length }, () => String.fromCharCode(33 + Math.floor(Math.random() * 94))).join('');

const EXTEND = registeredStatements().find(({ name }) => name === 'reply_extend')?.text ?? '';
const PAGE_BYTES = 8 * 1024;

interface PlanWithWal {
  'WAL Bytes'?: number;
  'WAL FPI'?: number;
}

/**
 * Extends the lease as `ReplyStore.extend` does.
 *
 * @returns the bytes that this wrote ahead, without whole pages: how often those are written depends on checkpoints
 */
async function extend({ claim }: LeasedReply, content: string | null): Promise<number> {
  const values = [[claim.id], [claim.attempt], [content], 60_000, [claim.chatroomId], [null]];
  const { rows } = await sql.query<{ 'QUERY PLAN': [{ Plan: PlanWithWal }] }>(
    `EXPLAIN (ANALYZE, WAL, FORMAT JSON) ${EXTEND}`,
    values,
  );
  const plan = rows[0]!['QUERY PLAN'][0].Plan;
  return plan['WAL Bytes']! - plan['WAL FPI']! * PAGE_BYTES;
}

const sentToRedis = (): number => (redis['connection'] as Redis).stream.bytesWritten;

interface Cost {
  redis: number;
  wal: number;
}

/**
 * Writes a reply at ten kilobytes a second, but without the pauses: a write of the log after each 250 bytes, and an extension
 * after each 10,000.
 *
 * @returns what was sent to Redis and written ahead by PostgreSQL before the reply's end, for each byte of its text
 */
async function costOf(bytes: number): Promise<Cost> {
  const claim = await claimReply(replies, await accept());
  const writer = log.open(claim!.id, claim!.attempt);
  const reply = new LeasedReply(claim!, writer);
  const sent = sentToRedis();
  let walBytes = 0;
  while (reply.text.length < bytes) {
    reply.append(randomText(250));
    await writer.flushed();
    if (reply.text.length % 10_000 === 0) walBytes += await extend(reply, reply.takeUnstored()?.content ?? null);
  }
  await reply.close();
  return { redis: (sentToRedis() - sent) / bytes, wal: walBytes / bytes };
}

describe('a long answer', () => {
  it('costs Redis twice its text at most, and PostgreSQL two and a half times, before the text is stored at the end', async () => {
    for (const bytes of [100_000, 200_000, 400_000]) {
      const { redis: toRedis, wal } = await costOf(bytes);
      expect(toRedis).toBeLessThan(2);
      expect(wal).toBeLessThan(2.5);
    }
  });

  it('is not stored again with an extension that brings no text', async () => {
    const claim = await claimReply(replies, await accept());
    const reply = new LeasedReply(claim!, log.open(claim!.id, claim!.attempt));
    expect(await extend(reply, randomText(500_000))).toBeGreaterThan(500_000);
    expect(await extend(reply, null)).toBeLessThan(1_000);
    await reply.close();
  });
});
