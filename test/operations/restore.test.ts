import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { providePostgresClient } from '../../scripts/services/postgres-client.mjs';
import { admin } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { logIn, type Person, sendOtp, signUpAndLogIn, type Tokens } from '../support/login.js';
import { type Message, openRoom, outcome, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { createEmptyDatabase, type TestDatabase, testRedis } from '../support/services.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';

/** People who send without a pause while the backup is made. */
const SENDERS = 4;
/** How many each sends at most: all of it has to be answered in the end. */
const SENDS = 15;
/** An answer of some seconds, so that many are being written at the moment of the backup. */
const QUESTION = 'A question [[behaviour:answer chunkSize=6 tokensPerSecond=8]]';

const [dump, restore] = await Promise.all([providePostgresClient('pg_dump'), providePostgresClient('pg_restore')]);

async function run([command = '', ...args]: string[], more: string[]): Promise<void> {
  const { failed, all } = await execa(command, [...args, ...more], { all: true, reject: false });
  if (failed) throw new Error(all);
}

/** Sends until it is stopped. What was accepted is remembered. */
class Senders {
  readonly accepted: Message[] = [];
  private stopped = false;
  private readonly all: Promise<void>[];

  constructor(persons: Person[]) {
    this.all = persons.map(async ({ http }) => {
      const room = await openRoom(http);
      for (let sent = 0; sent < SENDS && !this.stopped; sent++)
        this.accepted.push((await send(http, room, QUESTION)).reply);
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.all);
  }
}

interface StoredReply {
  id: string;
  status: string;
  content: string;
}

const UNFINISHED = "SELECT id, status, content FROM message WHERE role = 'bot' AND completed_at IS NULL";

/** The token of a new share of a room, of one exchange. */
async function shareOf({ http }: Person, room: string): Promise<string> {
  await outcome(http, (await send(http, room, 'Shared for a while')).reply);
  return (await http.post<{ token: string }>(`/chatroom/${room}/share`)).body.token;
}

describe('A backup of the running product, restored beside an empty Redis', () => {
  let folder: string;
  let stack: Stack;
  let restored: TestDatabase;
  let client: pg.Client;
  /** What the old processes had logged when they died. */
  let journal: string;
  let unfinished: StoredReply[];
  let people: Record<'stayed' | 'loggedOut' | 'left' | 'tidied' | 'blocked' | 'paid', Person>;
  let rooms: { kept: string; deleted: string };
  /** What the restored database has of what had ended, before anything is done about it. */
  let returned: { sessions: number; account: boolean; room: boolean };
  let finished: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'restore-'));
    const env = { RATE_LIMIT_AUTH_PER_MINUTE: '10000', REPLY_LEASE_MS: '3000', STRIPE_RECONCILE_SECONDS: '60' };
    stack = await startStack({ env });
    const [stayed, loggedOut, left, tidied, blocked, paid] = await Promise.all(
      Array.from({ length: 6 }, () => signUpAndLogIn(stack.http)),
    );
    people = { stayed: stayed!, loggedOut: loggedOut!, left: left!, tidied: tidied!, blocked: blocked!, paid: paid! };
    rooms = { kept: await openRoom(people.tidied.http), deleted: await openRoom(people.tidied.http) };
    const revoked = await shareOf(people.tidied, rooms.kept);
    const stripe = new StripeControl(stack.sandboxUrl);
    const subscription = await buyPro(people.paid, stripe);

    const senders = new Senders(await Promise.all(Array.from({ length: SENDERS }, () => proUser(stack))));
    await eventually(() => senders.accepted.length > 20, { withinMs: 30_000 });
    const file = join(folder, 'backup.dump');
    await run(dump, ['--format=custom', '--file', file, '--dbname', stack.database.url]);
    await senders.stop();

    // What the backup doesn't know.
    await people.loggedOut.http.post('/auth/logout');
    await people.left.http.delete('/user/me');
    await people.tidied.http.delete(`/chatroom/${rooms.deleted}`);
    await people.tidied.http.delete(`/chatroom/${rooms.kept}/share/${revoked}`);
    await admin(stack, ['user', 'block', people.blocked.id, '--as', 'ada', '--yes']);
    await stripe.change(subscription, { status: 'canceled' });
    await eventually(async () => (await planOf(people.paid)) === 'basic', { withinMs: 30_000 });

    // The end of the old system: its processes die, and no one can write to its database any more.
    journal = join(folder, 'api.log');
    await Promise.all([...stack.apis, ...stack.workers].map((each) => each.kill()));
    const logged = stack.apis.flatMap(({ log }) => log.map((line) => `api-1  | ${line}`));
    writeFileSync(journal, [...logged, ...(await deedsOfOperators(stack.database.url))].join('\n'));
    await closeDatabase(stack.database.url);

    restored = await createEmptyDatabase();
    await run(restore, ['--exit-on-error', '--single-transaction', '--dbname', restored.url, file]);
    client = new pg.Client({ connectionString: restored.url });
    await client.connect();
    unfinished = (await client.query<StoredReply>(UNFINISHED)).rows;

    const redis = await testRedis();
    const target = {
      DATABASE_URL: restored.appUrl,
      REDIS_DB: String(redis.db),
      JWT_SECRET: randomBytes(32).toString('base64'),
      ADMIN_OPERATOR: 'ada',
    };
    // Before the command, everything that had ended is there again.
    returned = {
      sessions: await sessionsOf(people.loggedOut),
      account: await exists('"user"', people.left.id),
      room: await exists('chatroom', rooms.deleted),
    };
    finished = await admin(stack, ['restore', 'finish', journal, '--yes', '--json'], target);
    await Promise.all([stack.api().restart(target), stack.worker().restart(target)]);
  }, 300_000);

  afterAll(async () => {
    await client?.end();
    await stack?.stop();
    await restored?.drop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  /** Buys Pro as a person does. @returns the subscription's id at Stripe */
  async function buyPro(person: Person, stripe: StripeControl): Promise<string> {
    const { body } = await person.http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
    const subscription = await stripe.pay(body.checkoutUrl);
    await eventually(async () => (await planOf(person)) === 'pro', { withinMs: 30_000 });
    return subscription;
  }

  const planOf = async ({ http }: Person): Promise<string> =>
    (await http.get<{ plan: string }>('/subscription/status')).body.plan;

  /** As docs/backup.md saves the audit trail: what operators do is in no API's log. */
  async function deedsOfOperators(url: string): Promise<string[]> {
    const old = new pg.Client({ connectionString: url });
    await old.connect();
    const { rows } = await old.query<{ line: string }>(
      `SELECT json_build_object('context', 'Audit', 'action', action, 'userId', user_id, 'at', at, 'detail', detail)::text AS line
       FROM audit_event WHERE detail ? 'operator' ORDER BY at`,
    );
    await old.end();
    return rows.map(({ line }) => line);
  }

  async function closeDatabase(url: string): Promise<void> {
    const server = new pg.Client({ connectionString: Object.assign(new URL(url), { pathname: '/postgres' }).href });
    await server.connect();
    await server.query(`ALTER DATABASE "${new URL(url).pathname.slice(1)}" ALLOW_CONNECTIONS false`);
    await server.end();
  }

  const exists = async (table: string, id: string): Promise<boolean> =>
    (await client.query(`SELECT FROM ${table} WHERE id = $1`, [id])).rowCount === 1;

  const sessionsOf = async ({ id }: Person): Promise<number> =>
    (await client.query('SELECT FROM session WHERE user_id = $1', [id])).rowCount ?? 0;

  it('has at first all that ended after the backup was made', () => {
    expect(returned).toEqual({ sessions: 1, account: true, room: true });
  });

  it('says what was repeated', () => {
    expect(finished.stderr).toBe('');
    expect(JSON.parse(finished.stdout)).toMatchObject({
      'accounts deleted again': 1,
      'rooms deleted again': 1,
      'shares revoked again': 1,
      'users blocked or let in again': 1,
    });
    expect((JSON.parse(finished.stdout) as Record<string, number>)['sessions ended']).toBeGreaterThanOrEqual(8);
  });

  it('completes every reply that was unfinished in it, once', async () => {
    expect(unfinished.length).toBeGreaterThan(3);
    expect(unfinished.filter(({ status }) => status === 'generating').length).toBeGreaterThan(0);
    const ids = unfinished.map(({ id }) => id);
    let ended: StoredReply[] = [];
    await eventually(
      async () => {
        const statement = 'SELECT id, status, content FROM message WHERE id = ANY ($1) AND completed_at IS NOT NULL';
        ended = (await client.query<StoredReply>(statement, [ids])).rows;
        return ended.length === ids.length;
      },
      { withinMs: 90_000 },
    );
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['completed']));
    expect(ended.filter(({ content }) => content === '')).toEqual([]);
    expect((await client.query(UNFINISHED)).rowCount).toBe(0);
  }, 120_000);

  it('lets no token from before in', async () => {
    for (const { http, tokens } of Object.values(people)) {
      expect((await http.get('/user/me')).status).toBe(401);
      expect((await stack.http.post('/auth/refresh', { refreshToken: tokens.refreshToken })).status).toBe(401);
    }
  });

  it('lets people log in again, and goes on', async () => {
    const { http } = await logIn(stack.http, people.stayed.phone);
    const { reply } = await send(http, await openRoom(http), 'Are you there?');
    expect((await outcome(http, reply)).status).toBe('completed');
  });

  it('has neither deleted accounts nor deleted rooms', async () => {
    expect(await exists('"user"', people.left.id)).toBe(false);
    const { http } = await logIn(stack.http, people.tidied.phone);
    expect((await http.get(`/chatroom/${rooms.deleted}`)).status).toBe(404);
    expect((await http.get(`/chatroom/${rooms.kept}`)).status).toBe(200);
  });

  it('keeps blocked users out', async () => {
    const { challengeId, otp } = await sendOtp(stack.http, people.blocked.phone);
    expect((await stack.http.post<Tokens>('/auth/verify-otp', { challengeId, otp })).status).toBe(401);
  });

  it('learns from Stripe what happened since', async () => {
    const person = await logIn(stack.http, people.paid.phone);
    await eventually(async () => (await planOf(person)) === 'basic', { withinMs: 30_000 });
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) FROM subscription WHERE stripe_customer_id IS NOT NULL AND resync_at > now() + interval '1 hour 1 minute'`,
    );
    expect(Number(rows[0]?.count)).toBe(0);
  }, 90_000);

  it('tells in its audit trail that it was restored', async () => {
    const { rows } = await client.query<{ detail: object }>(
      "SELECT detail FROM audit_event WHERE action = 'restore_finished'",
    );
    expect(rows).toMatchObject([{ detail: { operator: 'ada', 'accounts deleted again': 1 } }]);
  });
});
