import 'reflect-metadata';
import '@app/auth';
import '@app/chatroom';
import '@app/gemini';
import { registeredStatements } from '@app/platform/testing';
import pg from 'pg';
import { HOT } from '../database/hot-statements.js';
import { live } from '../database/lived-database.js';
import { eventually } from '../support/eventually.js';
import { openRoom, outcome, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';
import { type Stack, startStack } from '../support/stack.js';
import { partitionMessages, PARTITIONS, touchedPartitions } from './partitioned-messages.js';

// docs/scaling.md says that `message` can be partitioned by room without another change of the product.

/**
 * What asks about a user or all users, and so looks into each partition, and by which index at most. The index of what is
 * unfinished is a page or two in each.
 */
const ASKS_ALL: Record<string, string> = {
  message_send: 'message_unfinished_by_user',
  message_send_with_files: 'message_unfinished_by_user',
  message_regenerate: 'message_unfinished_by_user',
  message_edit: 'message_unfinished_by_user',
  message_edit_with_files: 'message_unfinished_by_user',
  reply_finish: 'message_unfinished_by_user',
  reply_next_of_user: 'message_unfinished_by_user',
  reply_cancel_all: 'message_unfinished_by_user',
  reply_sweep: 'message_unfinished_by_user',
  reply_backlog_read: 'message_unfinished_by_user',
  message_search_read: 'message_user_id_id_idx',
};

/** The sweep finds what is due of all users. */
const SWEPT = 'message_due_for_sweep';

interface PlanNode {
  'Index Name'?: string;
  'Relation Name'?: string;
  'Actual Loops': number;
  Plans?: PlanNode[];
}

function* executed(plan: PlanNode): Generator<PlanNode> {
  if (plan['Actual Loops'] > 0) yield plan;
  for (const child of plan.Plans ?? []) yield* executed(child);
}

/** A parameter as PostgreSQL reads it in a statement's text. */
function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (value instanceof Date) return `'${value.toISOString()}'`;
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`;
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.map((each) => JSON.stringify(each)).join(',')}}`);
  return typeof value === 'string' ? pg.escapeLiteral(value) : JSON.stringify(value);
}

async function connect({ url }: TestDatabase): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

describe('in a database that has lived, with messages in partitions by room', () => {
  let testDatabase: TestDatabase;
  let client: pg.Client;
  /** The index of the whole table that a partition's index is a part of, and the partition. */
  let indexes: Map<string, { whole: string; partition: string }>;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    client = await connect(testDatabase);
    await live(client);
    await partitionMessages(client);
    await client.query('SET session_replication_role = origin');
    const { rows } = await client.query<{ name: string; whole: string; partition: string }>(
      `SELECT inhrelid::regclass::text AS name, inhparent::regclass::text AS whole, indrelid::regclass::text AS partition
       FROM pg_inherits JOIN pg_index ON indexrelid = inhrelid`,
    );
    indexes = new Map(rows.map(({ name, ...of }) => [name, of]));
    for (const { name, text } of registeredStatements()) {
      if (name !== 'reply_room_of') await client.query(`PREPARE "${name}" AS ${text}`);
    }
  }, 300_000);

  afterAll(async () => {
    await client?.end();
    await testDatabase?.drop();
  });

  /** Where a statement looks: the indexes of each partition, and all partitions that it or a trigger of it touches. */
  async function placesOf(name: string, values: unknown[], mode: string) {
    await client.query('BEGIN');
    try {
      await client.query(`SET LOCAL plan_cache_mode = ${mode}`);
      const before = await touchedPartitions(client);
      const parameters = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
      const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE "${name}"${parameters}`);
      const after = await touchedPartitions(client);
      const used = new Map<string, Set<string>>();
      for (const node of executed(rows[0]['QUERY PLAN'][0].Plan as PlanNode)) {
        const index = indexes.get(node['Index Name'] ?? '');
        if (index !== undefined) used.set(index.partition, (used.get(index.partition) ?? new Set()).add(index.whole));
      }
      const touched = Object.keys(after).filter((partition) => (after[partition] ?? 0) > (before[partition] ?? 0));
      return { used, touched };
    } finally {
      await client.query('ROLLBACK');
    }
  }

  const cases = HOT.flatMap(([what, name, values]) =>
    ['force_generic_plan', 'force_custom_plan'].map((mode) => [what, mode, name, values] as const),
  );

  it.each(cases.filter(([, , name]) => !(name in ASKS_ALL)))(
    '%s (%s) looks into the partitions of its rooms alone',
    async (_what, mode, name, values) => {
      const { used, touched } = await placesOf(name, [...values], mode);
      const rooms = ['message_progress', 'chatroom_fork'].includes(name) ? 2 : 1;
      expect(touched.length).toBeLessThanOrEqual(rooms);
      expect(used.size).toBeLessThanOrEqual(rooms);
    },
  );

  it.each(cases.filter(([, , name]) => name in ASKS_ALL && name !== 'reply_sweep' && name !== 'reply_backlog_read'))(
    '%s (%s) looks into other partitions by one small index alone',
    async (_what, mode, name, values) => {
      const { used } = await placesOf(name, [...values], mode);
      const elsewhere = [...used.values()].filter((names) => names.size > 1 || !names.has(ASKS_ALL[name]!));
      expect(elsewhere.length).toBeLessThanOrEqual(1);
    },
  );

  it.each(['force_generic_plan', 'force_custom_plan'])('the sweep (%s) finds what is due by an index', async (mode) => {
    const [, , values] = HOT.find(([, name]) => name === 'reply_sweep')!;
    const { used } = await placesOf('reply_sweep', values, mode);
    expect([...used.values()].filter((names) => names.has(SWEPT))).toHaveLength(PARTITIONS);
  });
});

describe('with messages in partitions by room, the product', () => {
  let stack: Stack;
  let client: pg.Client;

  beforeAll(async () => {
    const prepare = async (database: TestDatabase): Promise<void> => {
      client = await connect(database);
      await partitionMessages(client);
    };
    stack = await startStack({ apis: 2, workers: 2, prepare });
  }, 120_000);

  afterAll(async () => {
    await client?.end();
    await stack?.stop();
  });

  it('answers, regenerates, repeats, stops, finds, exports and deletes', async () => {
    const { http } = await proUser(stack);
    const rooms = await Promise.all(Array.from({ length: 6 }, () => openRoom(http)));
    const replies = [];
    for (const room of [...rooms, ...rooms]) replies.push((await send(http, room, 'What about zebras?')).reply);
    for (const reply of replies) expect(await outcome(http, reply)).toMatchObject({ status: 'completed' });

    const room = rooms[0]!;
    const latest = replies[6]!;
    const path = `/chatroom/${room}/message`;
    const again = await http.post<{ reply: { id: string; chatroomId: string } }>(`${path}/${latest.id}/regenerate`);
    expect(again.status).toBe(202);
    expect(await outcome(http, again.body.reply as typeof latest)).toMatchObject({ status: 'completed' });

    const key = { 'Idempotency-Key': 'the-same-key' };
    const [first, second] = [
      await http.post<{ reply: { id: string } }>(path, { content: 'Once?' }, key),
      await http.post<{ reply: { id: string } }>(path, { content: 'Once?' }, key),
    ];
    expect(second.body.reply.id).toBe(first.body.reply.id);
    const stopped = await http.post<{ status: string }>(`${path}/${first.body.reply.id}/cancel`);
    expect(stopped.status).toBe(200);

    expect((await http.get<{ items: unknown[] }>('/search?q=zebras')).body.items.length).toBeGreaterThan(0);
    const exported = await http.get<{ chatrooms: { messages: unknown[] }[] }>('/user/me/export');
    expect(exported.body.chatrooms.flatMap(({ messages }) => messages)).toHaveLength(27);

    for (const each of rooms) expect((await http.delete(`/chatroom/${each}`)).status).toBe(204);
    await eventually(
      async () => {
        const { rows } = await client.query<{ left: number }>(
          'SELECT (SELECT count(*) FROM message)::int + (SELECT count(*) FROM idempotency_key)::int AS left',
        );
        return rows[0]?.left === 0;
      },
      { withinMs: 60_000 },
    );
  }, 240_000);
});
