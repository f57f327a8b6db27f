import 'reflect-metadata';
import { SessionStore } from '@app/auth/testing';
import { ChatroomStore, ReplyCancellationStore, RoomDeletionStore } from '@app/chatroom/testing';
import '@app/gemini';
import { Database, DatabaseConfig } from '@app/platform';
import { AuditEventStore, registeredStatements, SystemClock } from '@app/platform/testing';
import { CatalogueConfig, loadPlanCatalogue } from '@app/subscription';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/services.js';
import {
  BACKLOG_HEAD,
  BACKLOG_ROOM,
  BACKLOG_SECOND,
  FIRST_OWN_ROOM,
  LAST_VARIANT,
  live,
  LONG_ROOM,
  LONG_ROOM_REPLY,
  LONG_TEXTS_ROOM,
  messageId,
  ROOM_OWNER,
  roomId,
  userId,
  VARIANTS_QUESTION,
  VARIANTS_ROOM,
} from './lived-database.js';

/** A node of a plan, as `EXPLAIN (FORMAT JSON)` gives it. */
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: PlanNode[];
}

let testDatabase: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  client = new pg.Client({ connectionString: testDatabase.url });
  await client.connect();
  await live(client);
}, 180_000);

afterAll(async () => {
  await client.end();
  await testDatabase.drop();
});

const statements = registeredStatements();
const plans = loadPlanCatalogue(new CatalogueConfig());
const catalogue = plans.sqlParameter;

/** A table of one row, and one of a row for each model that is paused. */
const TINY = new Set(['stripe_event_cursor', 'model_pause']);

/** After a month without a worker every customer is to be synchronised: this one means all rows. The backlog counts all that is open. */
const MEANS_ALL_ROWS = new Set(['billing_schedule_sync_of_all', 'billing_backlog']);

function* nodesOf(plan: PlanNode): Generator<PlanNode> {
  yield plan;
  for (const child of plan.Plans ?? []) yield* nodesOf(child);
}

/** The nodes that read a table or an index from one end to the other. */
function unboundedScans(plan: PlanNode): string[] {
  return [...nodesOf(plan)].flatMap((node) => {
    const type = node['Node Type'];
    const target = node['Index Name'] ?? node['Relation Name'] ?? '';
    if (type === 'Seq Scan' && !TINY.has(target)) return [`Seq Scan on ${target}`];
    const isIndexScan = ['Index Scan', 'Index Only Scan', 'Bitmap Index Scan'].includes(type);
    return isIndexScan && node['Index Cond'] === undefined ? [`${type} of all of ${target}`] : [];
  });
}

/** A value for a parameter of a type, as good as any for the choice of a plan. */
const SAMPLES: Record<string, string> = {
  uuid: `'${userId(7)}'`,
  'uuid[]': `ARRAY['${messageId(7)}', '${messageId(9)}']::uuid[]`,
  integer: '50',
  'integer[]': 'ARRAY[1, 2]',
  bigint: '50',
  text: `'a text'`,
  'text[]': `ARRAY['some', 'words']`,
  boolean: 'false',
  bytea: `'\\x00'`,
  date: 'current_date',
  'timestamp with time zone': 'now()',
  'double precision': '1000',
  message_status: `'completed'`,
  jsonb: `'${catalogue}'`,
};

async function planOf(name: string, mode: 'force_generic_plan' | 'force_custom_plan'): Promise<PlanNode> {
  await client.query(`SET plan_cache_mode = ${mode}`);
  const { rows: prepared } = await client.query<{ types: string[] }>(
    `SELECT parameter_types::text[] AS types FROM pg_prepared_statements WHERE name = $1`,
    [`plan_${name}`],
  );
  const values = (prepared[0]?.types ?? []).map((type) => SAMPLES[type] ?? `NULL /* ${type} */`);
  const parameters = values.length === 0 ? '' : `(${values.join(', ')})`;
  const explained = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE "plan_${name}"${parameters}`);
  return explained.rows[0]['QUERY PLAN'][0].Plan;
}

describe('in a database that has lived, the plan of each statement is bounded by an index condition', () => {
  const bounded = statements.filter(({ name }) => !MEANS_ALL_ROWS.has(name));
  it.each(bounded.map(({ name, text }) => [name, text]))('%s', async (name, text) => {
    await client.query(`PREPARE "plan_${name}" AS ${text}`);
    const scans = [
      ...unboundedScans(await planOf(name, 'force_generic_plan')),
      ...unboundedScans(await planOf(name, 'force_custom_plan')),
    ];
    expect(scans).toEqual([]);
  });
});

describe('a plan without a bound', () => {
  it.each([
    ['of a table', 'SELECT id FROM message WHERE content = $1::text', ['Seq Scan on message']],
    [
      'of a partial index',
      'SELECT count(*) FROM message WHERE completed_at IS NULL AND attempt < $1::int',
      ['Index Scan of all of message_unfinished_by_user'],
    ],
  ])('is seen by its scan %s', async (what, text, scans) => {
    await client.query(`PREPARE "plan_${what}" AS ${text}`);
    expect(unboundedScans(await planOf(what, 'force_generic_plan'))).toEqual(scans);
  });
});

/** Pages of 8 KiB that a statement touches with these values, planned as the driver's named statements come to be. */
async function pagesOf(name: string, values: unknown[], mode: string, before = 'SELECT'): Promise<number> {
  const statement = statements.find((each) => each.name === name);
  if (statement === undefined) throw new Error(`There is no statement ${name}`);
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL plan_cache_mode = ${mode}`);
    await client.query(before);
    const text = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.text}`;
    const { rows } = await client.query({ text, values });
    const plan = rows[0]['QUERY PLAN'][0].Plan as PlanNode;
    return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
  } finally {
    await client.query('ROLLBACK');
  }
}

const LONG = roomId(LONG_ROOM);
const LONG_OWNER = userId(1 + LONG_ROOM);
const now = new Date();
const today = now.toISOString().slice(0, 10);
const NEW_IDS = ['d0000000-0000-7000-8000-000000000001', 'd0000000-0000-7000-8000-000000000002'];

const BACKLOG_OWNER = userId(1 + BACKLOG_ROOM);
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const OWNER_OF_MANY = userId(ROOM_OWNER);

const SENT = [LONG_OWNER, LONG, now, today, catalogue, ...NEW_IDS];

/** What a statement does on the hot path, and how many pages it may touch, however much there is. */
const HOT: [what: string, statement: string, values: unknown[], pages: number][] = [
  ['accepting a message', 'message_send', [...SENT, 'Hi', null, null, false, null], 100],
  ['accepting a long message', 'message_send', [...SENT, 'Hi', null, null, false, 2], 100],
  ['creating a room', 'chatroom_create', [NEW_IDS[0], LONG_OWNER, 'T', null, null, now, catalogue, 100], 100],
  ['claiming the head of a backlog', 'reply_claim', [BACKLOG_HEAD, 10_000, 300_000, catalogue], 200],
  ['claiming what is not the head', 'reply_claim', [BACKLOG_SECOND, 10_000, 300_000, catalogue], 60],
  ['claiming what was not interrupted', 'reply_claim_interrupted', [BACKLOG_HEAD, 10_000, 300_000, catalogue], 60],
  ['telling what a backlog waits for', 'reply_await', [[BACKLOG_HEAD]], 60],
  ['extending leases', 'reply_extend', [[BACKLOG_HEAD], [1], ['Half'], 10_000], 30],
  ['finding the next of a backlog', 'reply_next_of_user', [BACKLOG_HEAD], 40],
  ['finding the next in a long room', 'reply_next_of_user', [LONG_ROOM_REPLY], 40],
  ['reading a long room', 'chatroom_read', [LONG, LONG_OWNER, 2_147_483_647, 51], 150],
  [
    'reading a room of long messages',
    'chatroom_read',
    [roomId(LONG_TEXTS_ROOM), userId(1 + LONG_TEXTS_ROOM), 2_147_483_647, 101],
    500,
  ],
  [
    'walking on through the list of rooms',
    'chatroom_list_next_page',
    [LONG_OWNER, false, 51, false, now, NEW_IDS[0], new Date(now.getTime() - 7_200_000)],
    150,
  ],
  ['what has changed in the list of rooms', 'chatroom_list_changed', [LONG_OWNER, false, now], 30],
  ['reading the past of a long room', 'message_turns_before', [LONG, 100_000], 250],
  ['reading the past of the backlog room', 'message_turns_before', [roomId(BACKLOG_ROOM), 2_000_000], 250],
  ['reading the past of a reply with many variants', 'message_turns_before', [roomId(VARIANTS_ROOM), 1_000_000], 250],
  ['listing rooms', 'chatroom_list_first_page', [LONG_OWNER, false, 51], 150],
  ['settling a model call', 'model_call_settle', [userId(7), now, '{}', 1, 1, 1, 1], 60],
  ['searching among many messages', 'message_search_read', [LONG_OWNER, LAST_ID, 2_000, 1_048_576], 400],
  ['exporting a part of a long room', 'message_export', [LONG, 50_000, 500, 524_288], 1_700],
  ['polling a reply', 'message_find', [LONG_OWNER, LONG, LONG_ROOM_REPLY], 20],
  ['asking how far replies have come', 'message_progress', [[LONG_ROOM_REPLY, BACKLOG_HEAD]], 20],
  ['finding what a search has found', 'message_search_find', [[LONG_ROOM_REPLY], LONG_OWNER], 20],
  [
    'listing many variants of a reply',
    'message_find_variants',
    [userId(1 + VARIANTS_ROOM), roomId(VARIANTS_ROOM), VARIANTS_QUESTION, 2_147_483_647, 51],
    150,
  ],
  [
    'regenerating the reply with many variants',
    'message_regenerate',
    [
      ...[userId(1 + VARIANTS_ROOM), roomId(VARIANTS_ROOM), now, today, catalogue],
      ...[LAST_VARIANT, NEW_IDS[0], false, null, null],
    ],
    120,
  ],
  ['stopping a reply in a backlog', 'reply_cancel', [BACKLOG_OWNER, roomId(BACKLOG_ROOM), BACKLOG_HEAD, now], 120],
  ['stopping all replies of a long room', 'reply_cancel_all', [LONG_OWNER, LONG, now, false], 30],
  ['sweeping a backlog', 'reply_sweep', [catalogue], 7_500],
  // Counts as many rooms as the plan allows.
  [
    'opening one more of many rooms',
    'chatroom_create',
    [NEW_IDS[0], OWNER_OF_MANY, 'T', null, null, now, catalogue, 0],
    250,
  ],
  ['telling the version of a list of many rooms', 'chatroom_list_first_page_version', [OWNER_OF_MANY, false, 51], 80],
  ['listing many rooms', 'chatroom_list_first_page', [OWNER_OF_MANY, false, 51], 80],
  [
    'walking on through a list of many rooms',
    'chatroom_list_next_page',
    [OWNER_OF_MANY, false, 51, false, now, roomId(FIRST_OWN_ROOM + 5_000), now],
    80,
  ],
  ['what has changed in a list of many rooms', 'chatroom_list_changed', [OWNER_OF_MANY, false, now], 30],
  ['reading rooms that have moved', 'chatroom_list_moved', [OWNER_OF_MANY, false, 51, [roomId(FIRST_OWN_ROOM)]], 20],
  [
    'rotating a refresh token',
    'session_rotate',
    [Buffer.from('f'), Buffer.from('r'), Buffer.from('n'), Buffer.from('s'), now, now, null, null],
    20,
  ],
  ['reading ended sessions', 'session_recently_revoked', [60, 50_000], 60],
  ['reading the quota', 'quota_read', [LONG_OWNER, today, now, catalogue], 30],
  ['taking due work of billing', 'billing_take_due', [100], 2_000],
];

describe('in a database that has lived', () => {
  describe.each(['force_generic_plan', 'force_custom_plan'])('with %s', (mode) => {
    it.each(HOT)('%s (%s) touches few pages', async (_what, name, values, pages) => {
      expect(await pagesOf(name, values, mode)).toBeLessThan(pages);
    });

    it('finishing a reply touches few pages', async () => {
      const claimed = `UPDATE message SET status = 'generating', attempt = 1 WHERE id = '${BACKLOG_HEAD}'`;
      const final = [
        ...['completed', 'An answer', now, 'm', 'STOP', 1, 0, 0, 1, null, null],
        ...['m', false, 1, 0, 0, 1],
      ];
      expect(await pagesOf('reply_finish', [BACKLOG_HEAD, 1, ...final], mode, claimed)).toBeLessThan(80);
    });
  });
});

describe('in a database that has lived, what Prisma makes of a query is bounded by an index condition', () => {
  let database: Database;
  /** What has been sent to PostgreSQL. */
  let sent: string[] = [];

  beforeAll(() => {
    database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
    database.pool.on('connect', (connection) => {
      const query = connection.query.bind(connection) as (...args: unknown[]) => unknown;
      const noted = (...args: unknown[]) => {
        sent.push((args[0] as pg.QueryConfig).text);
        return query(...args);
      };
      Object.assign(connection, { query: noted });
    });
  });
  afterAll(() => database.onApplicationShutdown());

  const clock = new SystemClock();
  const rooms = () => new ChatroomStore(database, clock, plans);
  const sessions = () => new SessionStore(database);

  it.each<[string, () => Promise<unknown>]>([
    ['reading the settings of a room', () => rooms().find(LONG_OWNER, LONG)],
    ['changing a room', () => rooms().update(LONG_OWNER, LONG, { title: 'Another' })],
    ['asking for a session', () => sessions().exists(NEW_IDS[0]!)],
    ['ending the grace of a rotation', () => sessions().endGrace(NEW_IDS[0]!, 'rotation')],
    ['exporting the audit trail', () => new AuditEventStore(database).eventsAfter(LONG_OWNER, NEW_IDS[0]!, 500)],
    [
      'deleting a room',
      () =>
        new RoomDeletionStore(database, new ReplyCancellationStore(database, clock), clock).delete(
          LONG_OWNER,
          NEW_IDS[0]!,
        ),
    ],
  ])('%s', async (_what, ask) => {
    sent = [];
    await ask();
    const statements = sent.filter((text) => /^\s*(?:WITH|SELECT|UPDATE|DELETE)/i.test(text));
    expect(statements).not.toEqual([]);
    for (const text of statements) {
      const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`);
      expect(unboundedScans(rows[0]['QUERY PLAN'][0].Plan as PlanNode)).toEqual([]);
    }
  });
});
