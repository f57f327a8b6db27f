import { REPLY_QUEUE } from '@app/contracts';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { provideRedis } from '../../scripts/services/redis.mjs';
import { freePort } from '../../scripts/services/ports.mjs';
import { RedisDeployments, type RedisServer } from '../support/deployments/redis-deployments.js';
import { eventually } from '../support/eventually.js';
import { EventStream } from '../support/http/event-stream.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';
import type { Person } from '../support/login.js';
import { openRoom, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, type StackProcess, startStack } from '../support/stack.js';

/** What an answer of readiness takes, whatever hangs. The quickest of several of a process counts: a busy machine delays some. */
const READY_WITHIN_MS = 50;

let deployments: RedisDeployments;
let server: RedisServer;
let stack: Stack;
let person: Person;

beforeAll(async () => {
  deployments = await RedisDeployments.create(await provideRedis(() => undefined));
  const single = await deployments.single();
  [server] = single.servers as [RedisServer];
  stack = await startStack({ env: { ...single.env, RATE_LIMIT_SEND_PER_MINUTE: '1000' } });
  person = await proUser(stack);
}, 60_000);

afterAll(async () => {
  server?.process.kill('SIGCONT');
  await stack?.stop();
  await deployments?.stop();
});

const operated = (process: StackProcess): string => process.metricsUrl.replace('/metrics', '/health/ready');

async function readiness(url: string): Promise<{ code: number; body: Record<string, unknown>; ms: number }> {
  const begun = performance.now();
  const response = await fetch(url);
  const body = (await response.json()) as Record<string, unknown>;
  return { code: response.status, body, ms: performance.now() - begun };
}

/** Asks processes again and again until they say so, and expects each answer at once. */
async function untilBoth(
  expected: { code: number; body: object },
  processes = [stack.api(), stack.worker()],
): Promise<void> {
  for (const process of processes)
    await eventually(
      async () => {
        const { ms, ...answer } = await readiness(operated(process));
        expect(answer).toMatchObject(expected);
        expect(ms).toBeLessThan(READY_WITHIN_MS);
        return true;
      },
      { withinMs: 30_000 },
    );
}

const DEGRADED = {
  code: 200,
  body: { status: 'degraded', checks: { postgresql: 'up', redis: 'down', queue: 'down' } },
};
const OK = { code: 200, body: { status: 'ok', checks: { postgresql: 'up', redis: 'up', queue: 'up' } } };

async function metric(process: StackProcess, name: string): Promise<number> {
  const text = await (await fetch(process.metricsUrl)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

/** Warnings and the like about one dependency, since a place in the log. */
const linesOf = (process: StackProcess, from: number, pattern: RegExp): string[] =>
  process.log.slice(from).filter((line) => line.includes('"Health"') && pattern.test(line));

async function administer(use: (admin: Redis) => Promise<unknown>): Promise<void> {
  const admin = new Redis({ host: 'localhost', ...server.reach });
  await use(admin).finally(() => admin.disconnect());
}

/** Waits until a metric has a value. */
const untilMetric = (process: StackProcess, name: string, expected: number): Promise<boolean> =>
  eventually(async () => {
    expect(await metric(process, name)).toBe(expected);
    return true;
  });

/** Two messages in one room, so that the second is claimed when the first has ended. */
async function isAnswered(): Promise<void> {
  const room = await openRoom(person.http);
  const first = await send(person.http, room, 'Hello');
  const second = await send(person.http, room, 'Hello again');
  for (const { reply } of [first, second]) {
    const stream = await EventStream.ofReply(person.http, reply);
    await stream.ended;
    expect(stream.done).toMatchObject({ status: 'completed' });
  }
}

/** Waits until jobs bring both messages: of a job that comes late the sweep takes the reply. */
const jobsBringReplies = (worker: StackProcess): Promise<boolean> =>
  eventually(
    async () => {
      const before = await metric(worker, 'replies_claimed_total{by="job"}');
      await isAnswered();
      expect(await metric(worker, 'replies_claimed_total{by="job"}')).toBe(before + 2);
      return true;
    },
    { withinMs: 30_000 },
  );

describe('Redis that', () => {
  it.each<[string, () => Promise<void>, () => Promise<void>, RegExp]>([
    [
      'is full',
      () => administer((admin) => admin.config('SET', 'maxmemory', '1')),
      () => administer((admin) => admin.config('SET', 'maxmemory', '0')),
      /Redis is full/,
    ],
    [
      'was demoted to a replica',
      () => administer((admin) => admin.replicaof('127.0.0.1', 1)),
      () => administer((admin) => admin.replicaof('NO', 'ONE')),
      /since it is a replica/,
    ],
    [
      'hangs',
      () => Promise.resolve(void server.process.kill('SIGSTOP')),
      () => Promise.resolve(void server.process.kill('SIGCONT')),
      /Redis does not answer|Redis is out of reach/,
    ],
  ])(
    '%s reads degraded at once, while messages are answered',
    async (_, begin, end, cause) => {
      await untilBoth(OK);
      const worker = stack.worker();
      const from = worker.log.length;
      const bySweep = await metric(worker, 'replies_claimed_total{by="sweep"}');
      await begin();
      try {
        await untilBoth(DEGRADED);
        await untilMetric(worker, 'dependency_up{dependency="queue"}', 0);
        await untilMetric(worker, 'queue_usable', 0);
        await isAnswered();
        expect(await metric(worker, 'replies_claimed_total{by="sweep"}')).toBeGreaterThanOrEqual(bySweep + 2);
        await eventually(() => linesOf(worker, from, /The queue is/).length > 0);
        const [first = '', ...others] = linesOf(worker, from, /The queue is/);
        expect(first).toMatch(cause);
        expect(others.length).toBeLessThanOrEqual(1);
      } finally {
        await end();
      }
      await untilBoth(OK);
      await eventually(() => linesOf(worker, from, /The queue is back/).length > 0);
      expect(linesOf(worker, from, /The queue is back/)).toHaveLength(1);
      await untilMetric(worker, 'queue_usable', 1);
      await jobsBringReplies(worker);
    },
    180_000,
  );
});

describe('a queue that takes jobs and brings none', () => {
  it('is passed over, and used again when it brings some', async () => {
    await untilBoth(OK);
    const worker = stack.worker();
    const from = worker.log.length;
    const said = (text: string) => worker.log.slice(from).filter((line) => line.includes(text));
    const bySweep = await metric(worker, 'replies_claimed_total{by="sweep"}');
    const { port, reach } = server;
    const connection = { host: '127.0.0.1', port, password: reach.password ?? '' };
    const queue = new Queue(REPLY_QUEUE.queue, { connection, prefix: '{bull}' });
    await queue.pause();
    try {
      await isAnswered();
      await eventually(() => said('The queue stands still').length > 0);
      expect(said('The queue stands still')).toHaveLength(1);
      expect(await metric(worker, 'queue_usable')).toBe(0);
      expect(await metric(worker, 'replies_claimed_total{by="sweep"}')).toBeGreaterThanOrEqual(bySweep + 2);
      await untilBoth(OK, [worker]);
    } finally {
      await queue.resume();
      await queue.close();
    }
    await untilMetric(worker, 'queue_usable', 1);
    await eventually(() => said('The queue moves again').length > 0);
    expect(said('The queue moves again')).toHaveLength(1);
    await jobsBringReplies(worker);
  }, 120_000);
});

describe('PostgreSQL that takes no writes', () => {
  it('makes a process not ready, and ready again without old connections', async () => {
    const admin = new pg.Client({ connectionString: stack.database.url });
    await admin.connect();
    const { rows } = await admin.query<{ name: string }>('SELECT current_database() AS name');
    const cut = () =>
      admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
    const room = await openRoom(person.http);
    await admin.query(`ALTER DATABASE "${rows[0]?.name}" SET default_transaction_read_only = on`);
    await cut();
    await untilBoth({ code: 503, body: { status: 'unavailable', checks: { postgresql: 'down' } } });
    await eventually(() => /PostgreSQL is down: it is read-only/.test(stack.api().log.join('\n')));
    const refused = await person.http.post(`/chatroom/${room}/message`, { content: 'Hello' });
    expect(refused.status).toBe(503);
    await admin.query(`ALTER DATABASE "${rows[0]?.name}" RESET default_transaction_read_only`);
    await untilBoth(OK);
    // Connections that were opened meanwhile would refuse still.
    for (let i = 0; i < 10; i++) await send(person.http, room, 'Hello');
    await isAnswered();
    await admin.end();
  }, 120_000);
});

describe('a process', () => {
  const refusal = (app: 'api' | 'worker', env: Record<string, string>): Promise<string> =>
    stack.add(app, env).then(
      () => 'It has started.',
      (reason: Error) => reason.message,
    );

  it.each(['api', 'worker'] as const)(
    '(%s) refuses to start with logins that are refused, by the settings',
    async (app) => {
      const url = Object.assign(new URL(stack.database.url), { pathname: '/no-such-database' }).href;
      const message = await refusal(app, { REDIS_PASSWORD: 'hunter2', DATABASE_URL: url });
      expect(message).toMatch(/cannot start[^]*DATABASE_URL[^]*Redis refuses the login; check user and password/);
      expect(message).not.toContain('hunter2');
    },
    90_000,
  );

  it('starts without Redis, and finds it when it comes', async () => {
    const port = await freePort();
    const late = await stack.add('worker', { REDIS_PORT: String(port) });
    expect((await readiness(operated(late))).body['status']).toBe('degraded');
    await deployments.single([], port);
    await untilBoth({ code: 200, body: { status: 'ok' } }, [late]);
  }, 90_000);
});

describe('PostgreSQL that hangs', () => {
  it('makes a process not ready, which says so at once, and ready again when it answers', async () => {
    const url = new URL(stack.database.appUrl);
    const network = await TcpProxy.to(url.hostname, Number(url.port));
    const DATABASE_URL = Object.assign(url, { hostname: '127.0.0.1', port: String(network.port) }).href;
    const api = await stack.add('api', { DATABASE_URL });
    const processes = [api, await stack.add('worker', { DATABASE_URL })];
    try {
      await untilBoth(OK, processes);
      network.set('half-open');
      await untilBoth({ code: 503, body: { status: 'unavailable', checks: { postgresql: 'down' } } }, processes);
      const cause = /PostgreSQL is down: no answer within|PostgreSQL is down: .*timeout/;
      await eventually(() => cause.test(api.log.join('\n')));
      network.mend();
      await untilBoth(OK, processes);
      expect((await person.http.at(api.url).get('/chatroom')).status).toBe(200);
    } finally {
      await Promise.all(processes.map((each) => each.kill('SIGKILL')));
      await network.close();
    }
  }, 120_000);
});
