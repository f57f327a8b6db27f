import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { provideRedis } from '../../scripts/services/redis.mjs';
import { RedisDeployments } from '../support/deployments/redis-deployments.js';
import { eventually } from '../support/eventually.js';
import { EventStream } from '../support/http/event-stream.js';
import type { Person } from '../support/login.js';
import { openRoom, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';

const OUTAGE_MS = 60_000;
const USERS = 4;

/** Each user sends, reads the answer to its end, and sends on: this is the pause between. */
const PAUSE_MS = 500;

/** What may pass from a message's being sent to the end of its stream. */
const WITHIN_MS = 5_000;

/** How long this process may stand still before that counts as the machine's time, and not as the product's. */
const STANDSTILL_MS = 250;

/** A clock that stands still with this process, and with a machine that is too busy to run it. */
class OwnClock {
  ms = 0;
  private at = performance.now();
  private readonly timer = setInterval(() => this.tick(), 20);

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const now = performance.now();
    this.ms += Math.min(now - this.at, STANDSTILL_MS);
    this.at = now;
  }
}

/** A message that was sent during the test, and what became of its reply. */
interface Sent {
  id: string;
  at: number;
  /** By the clock of this process. */
  endedAfterMs: number;
  /** How many ends its stream told of, and how many of those were answers. */
  ends: number;
  answers: number;
}

let deployments: RedisDeployments;
let stack: Stack;

beforeAll(async () => {
  deployments = await RedisDeployments.create(await provideRedis(() => undefined));
}, 60_000);

afterAll(async () => {
  await stack?.stop();
  await deployments?.stop();
});

async function sendOne({ http }: Person, room: string, clock: OwnClock): Promise<Sent> {
  const at = Date.now();
  const begun = clock.ms;
  const { reply } = await send(http, room, 'Tell me something');
  const stream = await EventStream.ofReply(http, reply);
  await stream.ended;
  const ends = stream.events.filter(({ event }) => event === 'done');
  const answers = ends.filter(({ data }) => data['status'] === 'completed').length;
  return { id: reply.id, at, endedAfterMs: clock.ms - begun, ends: ends.length, answers };
}

/** How many replies all workers together have claimed. */
async function claimedBy(by: 'job' | 'sweep'): Promise<number> {
  const counts = stack.workers.map(async ({ metricsUrl }) => {
    const text = await (await fetch(metricsUrl)).text();
    return Number(new RegExp(`^replies_claimed_total\\{by="${by}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Stored once, by the only attempt there was. */
async function unfinishedOrRepeated(ids: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT id, status, attempt FROM message WHERE id = ANY ($1) AND (status <> 'completed' OR attempt <> 1)`,
    [ids],
  );
  await client.end();
  return rows;
}

describe('with Redis stopped for a minute under load', () => {
  it('replies go on within five seconds, and end exactly once', async () => {
    const { env, servers } = await deployments.single();
    stack = await startStack({ apis: 2, workers: 2, env: { ...env, RATE_LIMIT_SEND_PER_MINUTE: '100000' } });
    const clients = Array.from({ length: USERS }, (_, index) => stack.http.at(stack.api(index % 2).url));
    const people = await Promise.all(clients.map((http) => proUser(stack, http)));
    const rooms = await Promise.all(people.map(({ http }) => openRoom(http)));
    const sent: Sent[] = [];
    const clock = new OwnClock();
    let isOver = false;
    const load = people.map(async (person, index) => {
      while (!isOver) {
        sent.push(await sendOne(person, rooms[index]!, clock));
        await pause(PAUSE_MS);
      }
    });
    await eventually(() => sent.length >= USERS * 2);

    const stoppedAt = Date.now();
    servers[0]!.process.kill('SIGKILL');
    await pause(OUTAGE_MS);
    const backAt = Date.now();
    await deployments.single([], servers[0]!.port);
    const byJob = await claimedBy('job');
    await eventually(async () => (await claimedBy('job')) > byJob + USERS, { withinMs: 60_000 });
    isOver = true;
    await Promise.all(load);
    clock.stop();

    const meanwhile = sent.filter(({ at }) => at >= stoppedAt && at < backAt);
    expect(meanwhile.length).toBeGreaterThan(USERS * 5);
    expect(await claimedBy('sweep')).toBeGreaterThan(USERS * 5);
    expect(meanwhile.filter(({ endedAfterMs }) => endedAfterMs > WITHIN_MS)).toEqual([]);
    expect(sent.filter(({ ends, answers }) => ends !== 1 || answers !== 1)).toEqual([]);
    expect(await unfinishedOrRepeated(sent.map(({ id }) => id))).toEqual([]);
    for (const worker of stack.workers)
      expect(worker.log.filter((line) => line.includes('The queue is down'))).toHaveLength(1);
  }, 300_000);
});
