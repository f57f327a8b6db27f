import 'reflect-metadata';
import '@app/auth';
import '@app/chatroom';
import '@app/gemini';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { openRoom, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Counts, RoundTripCounter, type RoundTrips } from '../support/round-trips.js';
import { type Stack, startStack } from '../support/stack.js';

const MESSAGES = 10;

let stack: Stack;
let counter: RoundTripCounter;
/** Reads what has become of replies, where the product's own statements are counted. */
let observer: pg.Client;
let http: HttpClient;

beforeAll(async () => {
  // The tasks that come by themselves, once a second and more rarely, come between as seldom as they may.
  const env = { RATE_LIMIT_SEND_PER_MINUTE: '100000', REPLY_SWEEP_MS: '60000' };
  stack = await startStack({ env });
  observer = new pg.Client({ connectionString: stack.database.url });
  await observer.connect();
  counter = await RoundTripCounter.start(stack.database, stack.redis);
  ({ http } = await proUser(stack));
  await answered([await send(http, await openRoom(http), 'The statements get prepared')]);
}, 120_000);

afterAll(async () => {
  await counter?.stop();
  await observer?.end();
  await stack?.stop();
});

/** Waits for the outcomes without asking the product. */
async function answered(sent: { reply: { id: string } }[]): Promise<void> {
  const ids = sent.map(({ reply }) => reply.id);
  await eventually(async () => {
    const { rows } = await observer.query('SELECT FROM message WHERE id = ANY ($1) AND completed_at IS NULL', [ids]);
    return rows.length === 0;
  });
}

/** Statements that processes run by themselves, whatever is sent. */
const BY_THEMSELVES =
  /^(expire_|reply_(sweep|extend|backlog_read)|process_lease_|model_pause_list$|billing_|model_call_|session_recently_revoked|maintenance_read|SELECT COUNT|SELECT pg_is_in_recovery|SET )/;

/** Redis' commands that processes send by themselves: they ask whether it is there, and what has become of jobs. */
const UNASKED = /^(PING|INFO|SET probe$|EVALSHA? with)/;

/** How much of each comes with one message. */
function perMessage(counts: Counts, ignored = /^$/): Counts {
  const asked = Object.entries(counts).filter(([name]) => !ignored.test(name));
  return Object.fromEntries(asked.map(([name, count]) => [name, count / MESSAGES]));
}

const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

const statementsOf = ({ statements }: RoundTrips): Counts => perMessage(statements, BY_THEMSELVES);

/** Expects a sum that is no higher, and shows what it is made of otherwise. */
function expectAtMost(counts: Counts, most: number): void {
  if (total(counts) > most) expect({ total: total(counts), ...counts }).toEqual({ total: `at most ${most}` });
}

// Each round has a room of its own: the conversation of a long one takes a further statement.

describe('a message whose user has no other', () => {
  const rounds: RoundTrips[] = [];

  beforeAll(async () => {
    for (let round = 0; round < 3; round++) {
      const room = await openRoom(http);
      await counter.reset();
      for (let i = 0; i < MESSAGES; i++) await answered([await send(http, room, 'One at a time')]);
      rounds.push(await counter.read());
    }
  }, 120_000);

  it('takes three statements of PostgreSQL, with its answer', () => {
    for (const seen of rounds) expect(statementsOf(seen)).toEqual({ message_send: 1, reply_claim: 1, reply_finish: 1 });
  });

  it('takes few round trips to Redis, and few commands within its scripts', () => {
    const seen = rounds[0]!;
    // Sending has 2: the limit of requests, and the job. Of the others BullMQ's worker has 6, two of them to wait for the next job.
    expectAtMost(perMessage(seen.calls, UNASKED), 12);
    expectAtMost(perMessage(seen.inner), 72);
  });
});

describe('messages that wait for each other in their room', () => {
  let seen: RoundTrips;

  // Where the end of one meets the sending of another, there is a claim more. So what it takes is the least of some rounds.
  beforeAll(async () => {
    const rounds = [await round(), await round(), await round()];
    [seen = rounds[0]!] = rounds.toSorted((a, b) => total(statementsOf(a)) - total(statementsOf(b)));
  }, 180_000);

  async function round(): Promise<RoundTrips> {
    const itsRoom = await openRoom(http);
    await counter.reset();
    const sent = [];
    for (let i = 0; i < MESSAGES; i++) sent.push(await send(http, itsRoom, 'All at once'));
    await answered(sent);
    return counter.read();
  }

  it('are accepted and finished once, found busy once, and claimed once', () => {
    const { message_send, reply_finish, ...others } = statementsOf(seen);
    expect({ message_send, reply_finish }).toEqual({ message_send: 1, reply_finish: 1 });
    expectAtMost(others, 3.5);
    expectAtMost(perMessage(seen.calls, UNASKED), 17);
  });
});
