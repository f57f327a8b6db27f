import 'reflect-metadata';
import { SessionStore } from '@app/auth/testing';
import { ChatroomStore, ReplyCancellationStore, RoomDeletionStore, ShareStore } from '@app/chatroom/testing';
import '@app/file';
import '@app/gemini';
import { Database, DatabaseConfig } from '@app/platform';
import { AuditEventStore, registeredStatements, SystemClock } from '@app/platform/testing';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/services.js';
import { LONG, LONG_OWNER, now, NEW_IDS, BACKLOG, HOT, plans, catalogue } from './hot-statements.js';
import { live, BACKLOG_HEAD, userId, messageId } from './lived-database.js';

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
  // As after the contract step, and as with partitions: only messages' address finds them, whatever the planner would rather take.
  await client.query('DROP INDEX message_id_key');
  await live(client);
}, 300_000);

afterAll(async () => {
  await client?.end();
  await testDatabase?.drop();
});

const statements = registeredStatements();

/** Tables of one row, one of a row for each model that is paused, and one of a row for each thing that one process does. */
const TINY = new Set(['stripe_event_cursor', 'model_pause', 'process_lease', 'maintenance']);

/**
 * After a month without a worker every customer is to be synchronised: this one means all rows. The backlog counts all that is open; so
 * do an operator's commands, of all unfinished replies and of all that was used on a day.
 */
const MEANS_ALL_ROWS = new Set([
  ...['billing_schedule_sync_of_all', 'billing_backlog'],
  ...['reply_stuck', 'reply_unanswered', 'usage_spend_of_day'],
]);

/** Find a reply by its id alone, for the release before and for operators: how often each reads the whole table without that index. */
const NEED_ID_KEY: Record<string, number> = { reply_room_of: 2, reply_inspect: 2 };

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

const bounded = statements.filter(({ name }) => !MEANS_ALL_ROWS.has(name));

async function unboundedScansOf(name: string): Promise<string[]> {
  return [
    ...unboundedScans(await planOf(name, 'force_generic_plan')),
    ...unboundedScans(await planOf(name, 'force_custom_plan')),
  ];
}

describe('in a database that has lived, the plan of each statement is bounded by an index condition', () => {
  it.each(bounded.map(({ name, text }) => [name, text]))('%s', async (name, text) => {
    await client.query(`PREPARE "plan_${name}" AS ${text}`);
    expect(await unboundedScansOf(name)).toEqual(Array(NEED_ID_KEY[name] ?? 0).fill('Seq Scan on message'));
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
        ...[BACKLOG, 'Thoughts', { sources: [], searchQueries: ['q'] }, 1],
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
  afterAll(() => database?.onApplicationShutdown());

  const clock = new SystemClock();
  const rooms = () => new ChatroomStore(database, clock, plans);
  const sessions = () => new SessionStore(database);

  const shares = () => new ShareStore(database, clock);
  const firstOf = (all: AsyncIterable<unknown>) => all[Symbol.asyncIterator]().next();

  it.each<[string, () => Promise<unknown>]>([
    ['listing the shares of a room', () => shares().list(LONG_OWNER, LONG, { before: NEW_IDS[0], take: 51 })],
    ['exporting shares', () => firstOf(shares().all(LONG_OWNER))],
    ['revoking a share by its id', () => shares().revokeById(LONG_OWNER, NEW_IDS[0]!)],
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

describe('as long as ids alone are a key, too', () => {
  beforeAll(() => client.query('CREATE UNIQUE INDEX message_id_key ON message (id)'));

  it.each(bounded.map(({ name }) => [name]))('the plan of %s is bounded by an index condition', async (name) => {
    expect(await unboundedScansOf(name)).toEqual([]);
  });
});
