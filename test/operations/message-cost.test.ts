import { Redis } from 'ioredis';
import pg from 'pg';
import { openRoom, outcome, send } from '../support/messages.js';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';

// What a short message with its answer costs PostgreSQL and Redis: the figures of docs/scaling.md.

const MESSAGES = 200;

interface Cost {
  walBytes: number;
  commits: number;
  rowsOfMessages: number;
  updatesOfMessages: number;
  redisCommands: number;
}

let stack: Stack;
let client: pg.Client;
let redis: Redis;
let people: { http: HttpClient; room: string }[];

beforeAll(async () => {
  stack = await startStack();
  client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
  redis = new Redis(stack.redis);
  people = [];
  for (let i = 0; i < 4; i++) {
    const { http } = await proUser(stack);
    people.push({ http, room: await openRoom(http) });
  }
}, 120_000);

afterAll(async () => {
  redis?.disconnect();
  await client?.end();
  await stack?.stop();
});

/** What the servers have counted so far. PostgreSQL's processes count rows late, those that are idle after up to 10 s. */
async function counted(): Promise<Cost> {
  const isCounted = `SELECT n_tup_ins = (SELECT count(*) FROM message) AS all FROM pg_stat_user_tables WHERE relname = 'message'`;
  await eventually(async () => (await client.query<{ all: boolean }>(isCounted)).rows[0]?.all, { withinMs: 30_000 });
  const { rows } = await client.query<Record<string, string>>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal, xact_commit AS commits, n_tup_ins AS inserted, n_tup_upd AS updated
     FROM pg_stat_database, pg_stat_user_tables WHERE datname = current_database() AND relname = 'message'`,
  );
  const row = rows[0] ?? {};
  const commands = await redis.info('commandstats');
  const calls = Array.from(commands.matchAll(/calls=(\d+)/g), ([, count]) => Number(count));
  return {
    walBytes: Number(row['wal']),
    commits: Number(row['commits']),
    rowsOfMessages: Number(row['inserted']),
    updatesOfMessages: Number(row['updated']),
    redisCommands: calls.reduce((sum, count) => sum + count, 0),
  };
}

/** What each of {@link MESSAGES} has cost, with what the processes do by themselves meanwhile. */
async function costOfMessage(): Promise<Cost> {
  const before = await counted();
  const perPerson = MESSAGES / people.length;
  await Promise.all(
    people.map(async ({ http, room }) => {
      for (let i = 0; i < perPerson; i++) await outcome(http, (await send(http, room, 'A short question?')).reply);
    }),
  );
  const after = await counted();
  const each = (key: keyof Cost): number => Math.round(((after[key] - before[key]) / MESSAGES) * 10) / 10;
  return {
    walBytes: Math.round(each('walBytes')),
    commits: each('commits'),
    rowsOfMessages: each('rowsOfMessages'),
    updatesOfMessages: each('updatesOfMessages'),
    redisCommands: each('redisCommands'),
  };
}

/**
 * The WAL of storing one message, by PostgreSQL's own count for the statement. The difference of the whole server's WAL holds what else
 * happened meanwhile, and whole pages after each checkpoint. The least of several is without pages, and without what indexes do now and then.
 */
async function walOfStoring(): Promise<number> {
  const { rows: columns } = await client.query<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute
     WHERE attrelid = 'message'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
  );
  const names = columns.map(({ name }) => name).join(', ');
  const costs: number[] = [];
  for (let attempt = 0; attempt < 20; attempt++) {
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: { 'WAL FPI': number; 'WAL Bytes': number } }] }>(
      `EXPLAIN (ANALYZE, WAL, FORMAT JSON) INSERT INTO message (${names})
       SELECT ${names} FROM (
         SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid(), 'seq', m.seq + 1000))).*
         FROM message m WHERE role = 'user' ORDER BY seq DESC, id LIMIT 1) AS next`,
    );
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    if (plan?.['WAL FPI'] === 0) costs.push(plan['WAL Bytes']);
  }
  return Math.min(...costs);
}

it('a short message costs about as much as docs/scaling.md says, and less without the key of the release before', async () => {
  await costOfMessage();
  const now = await costOfMessage();
  expect(now.rowsOfMessages).toBeCloseTo(2, 0);
  expect(now.walBytes).toBeLessThan(6_000);
  // A busy machine makes it take longer, and the processes do more by themselves meanwhile. test/e2e/round-trips counts one message alone.
  expect(now.redisCommands).toBeLessThan(250);

  const withKey = await walOfStoring();
  await client.query('DROP TRIGGER reply_concurrency_rooms ON reply_concurrency');
  await client.query('DROP INDEX message_id_key');
  const contracted = await walOfStoring();
  expect(contracted).toBeLessThan(withKey);
  for (const { http, room } of people) {
    const { reply } = await send(http, room, 'And without the key?');
    expect(await outcome(http, reply)).toMatchObject({ status: 'completed' });
  }
}, 180_000);
