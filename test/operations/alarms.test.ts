import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { freePort } from '../../scripts/services/ports.mjs';
import { Processes } from '../../scripts/services/processes.mjs';
import { providePrometheus, startPrometheus } from '../../scripts/services/prometheus.mjs';
import { findProgram } from '../../scripts/services/redis.mjs';
import { RedisDeployments, type RedisServer } from '../support/deployments/redis-deployments.js';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';
import { newPhone, type Person } from '../support/login.js';
import { type Message, openRoom, outcome, send } from '../support/messages.js';
import { ALARMS_FILE, readAlarms } from '../support/monitoring/alarms.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

/** Each minute of the rules is a second of the drill. */
const SCALED = /(for: |\[)(\d+)m/g;

/** Thresholds in seconds, which the drill doesn't wait for either; and the time in which four restarts of a process fit here. */
const SHORTENED: [from: string, to: string][] = [
  ['(reply_oldest_unanswered_seconds) > 60', '(reply_oldest_unanswered_seconds) > 3'],
  ['(rate(reply_first_word_seconds_bucket[10s]))) > 20', '(rate(reply_first_word_seconds_bucket[10s]))) > 1'],
  ['(process_start_time_seconds[15s])', '(process_start_time_seconds[90s])'],
];

/** How long an alarm may take on a busy machine, to fire and to end. */
const FIRES_WITHIN_MS = 120_000;
const ENDS_WITHIN_MS = 120_000;

/** What both may take, and what else a step does. */
const STEP_MS = FIRES_WITHIN_MS + ENDS_WITHIN_MS + 30_000;

/** How long a process gets no time at once. */
const STALL_MS = 700;

/** What a step does to make alarms fire. */
interface Cause {
  /** Done once. */
  begin?: () => Promise<unknown>;
  /** Done again and again until all have fired. A failure is no matter, since something is broken. */
  goOn?: () => Promise<unknown>;
}

let stack: Stack;
let person: Person;
let room: string;
let redisServers: RedisDeployments;
let redisServer: RedisServer;
let redis: Redis;
let network: TcpProxy;
let database: pg.Client;
let prometheusUrl: string;
const processes = new Processes();
/** What has fired when it was caused. */
const drilled = new Set<string>();

function scaledRules(): string {
  const scaled = readFileSync(ALARMS_FILE, 'utf8').replaceAll(SCALED, '$1$2s');
  return SHORTENED.reduce((rules, [from, to]) => {
    if (!rules.includes(from)) throw new Error(`No rule has ${from}`);
    return rules.replace(from, to);
  }, scaled);
}

const portOf = (url: string): number => Number(new URL(url).port);

const settings = (): string =>
  JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['alarms.yml'],
    scrape_configs: [
      ['api', stack.apis],
      ['worker', stack.workers],
    ].map(([job, members]) => ({
      job_name: job,
      static_configs: [
        { targets: (members as Stack['apis']).map(({ metricsUrl }) => `127.0.0.1:${portOf(metricsUrl)}`) },
      ],
    })),
  });

beforeAll(async () => {
  const program = await findProgram(['redis-server', 'valkey-server']);
  redisServers = await RedisDeployments.create(program ?? '');
  const { env, servers } = await redisServers.single();
  redisServer = servers[0]!;
  redis = new Redis({ ...redisServer.reach, host: '127.0.0.1' });
  redis.on('error', () => undefined);
  const server = process.env['DATABASE_URL'] ?? '';
  network = await TcpProxy.to(new URL(server).hostname, portOf(server));
  const throughProxy = (url: string) => Object.assign(new URL(url), { port: String(network.port) }).href;
  ({ stack, person } = await startReplyStack({
    pooler: { url: throughProxy, stop: () => network.close() },
    env: { ...env, DATABASE_POOL_SIZE: '2', DAILY_BUDGET_USD: '0.000001', OTP_SENDS_PER_HOUR: '12' },
  }));
  // An API whose codes reach no one.
  await stack.add('api', {
    OTP_DELIVERY: 'webhook',
    OTP_WEBHOOK_URL: `http://127.0.0.1:${await freePort()}`,
    OTP_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  });
  room = await openRoom(person.http);
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
  const folder = await mkdtemp(join(tmpdir(), 'chat-prometheus-'));
  processes.removeAtEnd(folder);
  const programs = await providePrometheus();
  const files = { 'alarms.yml': scaledRules() };
  ({ url: prometheusUrl } = await startPrometheus(processes, {
    programs,
    folder,
    port: await freePort(),
    settings: settings(),
    files,
  }));
  await eventually(async () => (await activeAlarms()).length === 0, { withinMs: 60_000 });
}, 240_000);

afterAll(async () => {
  redisServer?.process.kill('SIGCONT');
  await processes.stop();
  redis?.disconnect();
  await database?.end();
  await stack?.stop();
  await redisServers?.stop();
  await network?.close();
});

/** What Prometheus answers to a question of its API. */
async function askPrometheus<T>(path: string): Promise<T> {
  const answer = await fetch(`${prometheusUrl}/api/v1/${path}`);
  return ((await answer.json()) as { data: T }).data;
}

interface ActiveAlarm {
  name: string;
  /** Otherwise it is pending: its condition holds, but not for long enough yet. */
  fires: boolean;
}

/** The alarms whose condition holds now. */
async function activeAlarms(): Promise<ActiveAlarm[]> {
  type Answer = { alerts: { state: string; labels: { alertname: string } }[] };
  const { alerts } = await askPrometheus<Answer>('alerts');
  return alerts.map(({ state, labels }) => ({ name: labels.alertname, fires: state === 'firing' }));
}

/** Waits until the condition of none of these alarms holds, so that nothing of an earlier step makes them fire. */
async function untilInactive(names: string[]): Promise<void> {
  const areInactive = async () => {
    const left = (await activeAlarms()).filter(({ name }) => names.includes(name));
    expect(left).toEqual([]);
    return true;
  };
  await eventually(areInactive, { withinMs: ENDS_WITHIN_MS });
}

/** Makes all of these alarms fire, after none of them was active. Each has to fire at some time since, not all at once. */
async function expectAlarms(names: string[], { begin, goOn }: Cause): Promise<void> {
  await untilInactive(names);
  await begin?.();
  const seen = new Set<string>();
  const haveFired = async () => {
    const failure = await goOn?.().then(
      () => null,
      (error: unknown) => error,
    );
    for (const { name, fires } of await activeAlarms()) if (fires) seen.add(name);
    const missing = names.filter((name) => !seen.has(name));
    if (missing.length > 0)
      throw new Error(`${missing.join(', ')} did not fire, but ${[...seen].join(', ')}`, { cause: failure });
    return true;
  };
  await eventually(haveFired, { withinMs: FIRES_WITHIN_MS, everyMs: 100 });
  for (const name of names) drilled.add(name);
}

/** Waits until Prometheus has read from the worker that it has restarted. */
async function untilScraped(): Promise<void> {
  const own = await (await fetch(stack.worker().metricsUrl)).text();
  const start = Number(/^process_start_time_seconds (\S+)$/m.exec(own)?.[1]);
  await eventually(
    async () => {
      type Answer = { result: { value: [at: number, value: string] }[] };
      const { result } = await askPrometheus<Answer>('query?query=process_start_time_seconds{job="worker"}');
      return result.some(({ value: [, value] }) => Number(value) === start);
    },
    { withinMs: 30_000 },
  );
}

/** How long a statement waits for a lock in a round, in milliseconds: longer than an answer that is slow to the alarm. */
const LOCKED_MS = 1_800;

/** Has statements of all connections wait for a lock, and others for a connection. */
async function lockOut(): Promise<void> {
  await database.query('BEGIN');
  let waiting: Promise<unknown>[];
  try {
    await database.query('LOCK TABLE chatroom IN ACCESS EXCLUSIVE MODE');
    waiting = Array.from({ length: 8 }, () => person.http.get('/chatroom').catch(() => null));
    await eventually(async () => {
      const { rowCount } = await database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query_start < clock_timestamp() - make_interval(secs => $1)`,
        [LOCKED_MS / 1_000],
      );
      return rowCount !== 0;
    });
  } finally {
    await database.query('ROLLBACK');
  }
  await Promise.all(waiting);
}

const ask = async (room: string, content: string): Promise<Message> =>
  (await send(person.http, room, `${content} ${randomUUID()}`)).reply;

it(
  'a model that is slow, refuses, and is not set up',
  async () => {
    await expectAlarms(['AnswersFailing', 'FirstWordSlow', 'ModelUnusable', 'BudgetNearlySpent'], {
      async goOn() {
        const rooms = await Promise.all([openRoom(person.http), openRoom(person.http)]);
        const replies = await Promise.all([
          ask(rooms[0], '[[behaviour:answer latencyMs=1800]]'),
          ask(rooms[1], '[[behaviour:400]]'),
          ask(room, '[[behaviour:403]]'),
        ]);
        await Promise.all(replies.map((reply) => outcome(person.http, reply)));
      },
    });
  },
  STEP_MS,
);

it(
  "Stripe's events that wait",
  async () => {
    const begin = () =>
      database.query(
        `INSERT INTO stripe_event (id, type, next_enqueue_at)
       SELECT 'evt_drill_' || n, 'customer.subscription.updated', now() + interval '1 hour' FROM generate_series(1, 60) n`,
      );
    await expectAlarms(['BillingLate'], { begin });
    await database.query('DELETE FROM stripe_event');
  },
  STEP_MS,
);

it(
  'statements that wait for a lock',
  async () => {
    await expectAlarms(['DatabasePoolExhausted', 'ApiSlow'], { goOn: lockOut });
  },
  STEP_MS,
);

it(
  'a PostgreSQL that is away',
  async () => {
    await expectAlarms(['ApiErrors', 'DependencyDown'], {
      begin: async () => network.sever(),
      goOn: () => person.http.get('/chatroom'),
    });
    network.mend();
    await eventually(async () => (await person.http.get('/chatroom')).status === 200, { withinMs: 60_000 });
  },
  STEP_MS,
);

it(
  'a Redis that is full, and one that evicts',
  async () => {
    try {
      await expectAlarms(['QueueUnusable'], { begin: () => redis.config('SET', 'maxmemory', '1') });
      await expectAlarms(['RedisEvicts'], {
        async begin() {
          const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
          await redis.config('SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', String(used + 1_000_000));
        },
        async goOn() {
          const filler = Array.from({ length: 200 }, () => ['set', `filler:${randomUUID()}`, 'x'.repeat(10_000)]);
          await redis.pipeline(filler).exec();
        },
      });
    } finally {
      await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '0');
      await redis.flushdb();
    }
  },
  2 * STEP_MS,
);

it(
  'a Redis that hangs',
  async () => {
    try {
      await expectAlarms(['RedisSlow'], {
        begin: async () => redisServer.process.kill('SIGSTOP'),
        goOn: () => person.http.get('/chatroom'),
      });
    } finally {
      redisServer.process.kill('SIGCONT');
    }
  },
  STEP_MS,
);

it(
  'a model over its rate limit',
  async () => {
    await expectAlarms(['ModelPaused', 'AnswersLate'], {
      async goOn() {
        if ((await database.query('SELECT FROM model_pause')).rowCount === 0)
          await ask(room, '[[behaviour:429 retryAfterMs=60000]]');
      },
    });
  },
  STEP_MS,
);

it(
  'a process without time',
  async () => {
    await expectAlarms(['EventLoopBlocked'], {
      async goOn() {
        await stack.api().kill('SIGSTOP');
        await pause(STALL_MS);
        await stack.api().kill('SIGCONT');
      },
    });
  },
  STEP_MS,
);

it(
  'codes that are not delivered, and too many of them',
  async () => {
    const failing = stack.http.at(stack.api(1).url);
    const phone = newPhone();
    await failing.post('/auth/signup', { phone });
    await expectAlarms(['CodesNotDelivered'], { goOn: () => failing.post('/auth/send-otp', { phone }) });
    await expectAlarms(['CodesLimited'], {
      async goOn() {
        // Only messages count, which numbers with an account get.
        const other = newPhone();
        await stack.http.post('/auth/signup', { phone: other });
        await stack.http.post('/auth/send-otp', { phone: other });
      },
    });
  },
  2 * STEP_MS,
);

it(
  'processes that die, again and again or for good',
  async () => {
    await expectAlarms(['ProcessRestarts'], {
      async goOn() {
        await stack.worker().kill('SIGKILL');
        await stack.worker().restart();
        await untilScraped();
      },
    });
    await expectAlarms(['NoWorker', 'SharedMetricsMissing'], { begin: () => stack.worker().kill('SIGKILL') });
    await expectAlarms(['NoApi'], { begin: () => Promise.all(stack.apis.map((api) => api.kill('SIGKILL'))) });
  },
  3 * STEP_MS,
);

it('that is every alarm that there is', () => {
  expect([...drilled].sort()).toEqual(
    readAlarms()
      .map(({ alert }) => alert)
      .sort(),
  );
});
