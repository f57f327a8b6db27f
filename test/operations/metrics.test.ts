import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { providePrometheus, runPromtool } from '../../scripts/services/prometheus.mjs';
import { eventually } from '../support/eventually.js';
import { EventStream } from '../support/http/event-stream.js';
import { newPhone, type Person, sendOtp, signUpAndLogIn } from '../support/login.js';
import { type Accepted, openRoom, outcome, script, send } from '../support/messages.js';
import { type ExportedMetric, exportedMetrics, seriesIn } from '../support/monitoring/exposition.js';
import { documentedMetrics } from '../support/monitoring/documented-metrics.js';
import { type Stack, type StackProcess, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';

/** What processes share, and one worker exports. */
const SHARED = [
  'billing_backlog',
  'model_paused',
  'queue_jobs',
  'redis_evicted_keys_total',
  'replies_unanswered',
  'reply_oldest_unanswered_seconds',
];

/** What has a sample only once something rare has happened. */
const RARE = new Set(['model_calls_estimated_total']);

let stack: Stack;
let person: Person;

const exportsOf = async ({ metricsUrl }: StackProcess): Promise<string> => (await fetch(metricsUrl)).text();

/** The sum of a counter's samples, or of a gauge's, whose labels hold these. */
async function valueOf(process: StackProcess, name: string, labels: string[] = []): Promise<number> {
  const lines = (await exportsOf(process))
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const fitting = lines.filter((line) => labels.every((label) => line.includes(label)));
  return fitting.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

beforeAll(async () => {
  stack = await startStack({
    env: {
      BASIC_DAILY_MESSAGES: '4',
      DAILY_BUDGET_USD: '100',
      OTP_MESSAGE_COST_USD: '0.05',
      OTP_SENDS_PER_PHONE_AND_ADDRESS_DAY: '2',
      REPLY_RETRY_BASE_MS: '50',
      STRIPE_RECONCILE_SECONDS: '1',
      CHECKOUT_SUCCESS_URL: 'http://localhost:3000/paid',
      CHECKOUT_CANCEL_URL: 'http://localhost:3000/plans',
    },
  });
  person = await signUpAndLogIn(stack.http);
}, 120_000);
afterAll(() => stack?.stop());

/** Sends a message to a model that behaves like this, and waits for its end. */
async function exchange(http: Person['http'], room: string, ...behaviours: { type: string }[]) {
  const prompt = randomUUID();
  if (behaviours.length > 0) await script(stack, prompt, behaviours, 1);
  const { reply } = await send(http, room, prompt);
  return outcome(http, reply);
}

describe('what replies are measured by', () => {
  let room: string;
  beforeAll(async () => {
    room = await openRoom(person.http);
  });

  it('is the time to the first word and to the end, from the acceptance on, by plan', async () => {
    const begun = performance.now();
    await exchange(person.http, room, { type: 'answer', latencyMs: 400 } as { type: string });
    const worker = stack.worker();
    await eventually(
      async () => (await valueOf(worker, 'reply_done_seconds_count', ['plan="basic"', 'status="completed"'])) === 1,
    );
    const tookSeconds = (performance.now() - begun) / 1_000;
    for (const name of ['reply_first_word_seconds', 'reply_done_seconds']) {
      expect(await valueOf(worker, `${name}_count`)).toBe(1);
      expect(await valueOf(worker, `${name}_sum`)).toBeGreaterThan(0.4);
      expect(await valueOf(worker, `${name}_sum`)).toBeLessThan(tookSeconds);
    }
  });

  it('are retries, with the calls that failed, by model', async () => {
    await exchange(person.http, room, { type: '503' }, { type: 'answer' });
    const model = 'model="gemini-flash-latest"';
    await eventually(
      async () => (await valueOf(stack.worker(), 'reply_retries_total', [model, 'code="model_unavailable"'])) === 1,
    );
    expect(await valueOf(stack.worker(), 'model_call_failures_total', [model, 'failure="unavailable"'])).toBe(1);
  }, 60_000);

  it('is what people think of them, by model', async () => {
    const { messages } = (await person.http.get<{ messages: { id: string }[] }>(`/chatroom/${room}`)).body;
    const path = `/chatroom/${room}/message/${messages.at(-1)!.id}/feedback`;
    expect((await person.http.send('PUT', path, { body: { rating: 'up' } })).status).toBe(204);
    const labels = ['model="gemini-flash-latest"', 'rating="up"'];
    expect(await valueOf(stack.api(), 'reply_feedback_total', labels)).toBe(1);
  });

  it('are refunds and refusals of the quota, by plan', async () => {
    await exchange(person.http, room, { type: 'prompt_blocked' });
    await eventually(async () => (await valueOf(stack.worker(), 'quota_refunds_total', ['plan="basic"'])) === 1);
    for (let sent = 0; sent < 2; sent++) await exchange(person.http, room);
    for (let refused = 1; refused <= 2; refused++) {
      expect((await person.http.post(`/chatroom/${room}/message`, { content: 'Hi' })).status).toBe(429);
      expect(await valueOf(stack.api(), 'quota_refusals_total', ['plan="basic"'])).toBe(refused);
    }
  }, 90_000);
});

describe('a stream', () => {
  it('is measured as one, and not among the requests', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const prompt = randomUUID();
    await script(stack, prompt, [{ type: 'hang' }], 1);
    const headers = { ...http.authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    const body = JSON.stringify({ content: prompt });
    const stream = await EventStream.open(`${http.base}/chatroom/${room}/message/stream`, {
      method: 'POST',
      headers,
      body,
    });
    const opened = performance.now();
    await eventually(async () => (await valueOf(stack.api(), 'http_streams_open')) === 1);
    const accepted = await eventually(() => stream.events[0]?.data as Partial<Accepted> | undefined);
    const openForSeconds = (performance.now() - opened) / 1_000;
    expect((await http.post(`/chatroom/${room}/message/${accepted?.reply?.id}/cancel`)).status).toBe(200);
    await stream.ended;
    const route = 'route="/chatroom/:id/message/stream"';
    await eventually(
      async () => (await valueOf(stack.api(), 'http_stream_duration_seconds_count', [route, 'status="200"'])) === 1,
    );
    await eventually(async () => (await valueOf(stack.api(), 'http_streams_open')) === 0);
    expect(await valueOf(stack.api(), 'http_stream_duration_seconds_sum')).toBeGreaterThan(openForSeconds);
    expect(await valueOf(stack.api(), 'http_request_duration_seconds_count', [route])).toBe(0);
    // Without a key there is no stream.
    expect((await http.post(`/chatroom/${room}/message/stream`, { content: 'Hi' })).status).toBe(400);
    await eventually(
      async () => (await valueOf(stack.api(), 'http_request_duration_seconds_count', [route, 'status="400"'])) === 1,
    );
    expect(await valueOf(stack.api(), 'http_request_duration_seconds_count', [route])).toBe(1);
  }, 60_000);
});

describe('logins', () => {
  it('are counted by their outcome, and messages by what they cost', async () => {
    const costBefore = await valueOf(stack.api(), 'otp_cost_usd_total');
    const refusedBefore = await valueOf(stack.api(), 'logins_total', ['outcome="refused"']);
    const succeededBefore = await valueOf(stack.api(), 'logins_total', ['outcome="succeeded"']);
    const phone = newPhone();
    await signUpAndLogIn(stack.http, phone);
    const { challengeId } = await sendOtp(stack.http, phone);
    await stack.http.post('/auth/verify-otp', { challengeId, otp: '000000' });
    expect(await valueOf(stack.api(), 'otp_cost_usd_total')).toBeCloseTo(costBefore + 0.1, 5);
    expect(await valueOf(stack.api(), 'logins_total', ['outcome="refused"'])).toBe(refusedBefore + 1);
    expect(await valueOf(stack.api(), 'logins_total', ['outcome="succeeded"'])).toBe(succeededBefore + 1);
  });
});

describe("Stripe's events", () => {
  it('are measured from their arrival to the end of their processing', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const { body } = await http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
    await new StripeControl(stack.sandboxUrl).pay(body.checkoutUrl);
    await eventually(
      async () =>
        expect(await valueOf(stack.worker(), 'billing_webhook_lag_seconds_count')).toBeGreaterThan(0) === undefined,
      { withinMs: 30_000 },
    );
  }, 60_000);
});

describe('what the product exports', () => {
  let api: Map<string, ExportedMetric>;
  let worker: Map<string, ExportedMetric>;

  beforeAll(async () => {
    // What is left: a list of rooms, a code that is refused.
    await person.http.get('/chatroom');
    const phone = newPhone();
    await signUpAndLogIn(stack.http, phone);
    await sendOtp(stack.http, phone);
    await sendOtp(stack.http, phone);
    const { status } = await stack.http.post('/auth/send-otp', { phone });
    assert.equal(status, 429);
    await eventually(
      async () => {
        [api, worker] = [
          exportedMetrics(await exportsOf(stack.api())),
          exportedMetrics(await exportsOf(stack.worker())),
        ];
        // What processes share is read every few seconds, the list of Stripe's events once a second here.
        return SHARED.every((name) => worker.has(name)) && withoutSample().length === 0;
      },
      { withinMs: 30_000 },
    ).catch(() => undefined);
  }, 90_000);

  const ofNode = (name: string): boolean => /^(?:nodejs|process)_/.test(name);

  /** What has no sample, though it isn't rare. */
  function withoutSample(): string[] {
    const without = [...api.values(), ...worker.values()]
      .filter(({ name, labels }) => labels === null && !ofNode(name))
      .map(({ name }) => name);
    return [...new Set(without)].filter((name) => !RARE.has(name));
  }

  it('is what docs/monitoring.md lists, process by process and label by label', () => {
    const listed = documentedMetrics().flatMap(({ name, labels, of }) =>
      of.map((each) => `${each} ${name} {${labels.join()}}`),
    );
    const exported = Object.entries({ api, worker }).flatMap(([of, metrics]) =>
      [...metrics.values()]
        .filter(({ name }) => !ofNode(name))
        .map((metric) => `${of} ${metric.name} {${labelsOf(metric).join()}}`),
    );
    expect(exported.sort()).toEqual(listed.sort());
  });

  /** What has no sample yet is taken at its word. */
  function labelsOf({ name, labels }: ExportedMetric): string[] {
    if (labels !== null) return labels;
    const documented = documentedMetrics().find((each) => each.name === name);
    return RARE.has(name) && documented !== undefined ? documented.labels : ['no sample'];
  }

  it('has a sample of everything', () => {
    expect(withoutSample()).toEqual([]);
  });

  it.each(['api', 'worker'] as const)('is good Prometheus: promtool finds nothing to say about the %s', async (app) => {
    const text = await exportsOf(stack[app]());
    expect(await runPromtool(await providePrometheus(), ['check', 'metrics'], text)).toEqual({ ok: true, output: '' });
  });

  it.each(['api', 'worker'] as const)('has as few series as the documentation says: the %s', async (app) => {
    const [, most] =
      new RegExp(`${app}: at most ([\\d,]+) series`).exec(readFileSync('docs/monitoring.md', 'utf8')) ?? [];
    expect(seriesIn(await exportsOf(stack[app]()))).toBeLessThan(Number(most?.replace(',', '')));
  });

  it('says which build runs', async () => {
    const version = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
    const node = /^v?(.*)$/.exec(process.version)?.[1];
    const [own, other] = [await exportsOf(stack.api()), await exportsOf(stack.worker())];
    expect(own).toMatch(
      new RegExp(`build_info\\{version="${version}",revision="[^"]+",process="api",node="${node}"\\} 1`),
    );
    expect(other).toContain('process="worker"');
  });
});

describe('what processes share', () => {
  const exporters = async (): Promise<StackProcess[]> => {
    const each = await Promise.all(
      stack.workers.map(async (worker) => {
        const text = await exportsOf(worker).catch(() => '');
        return SHARED.filter((name) => text.includes(`# TYPE ${name} `)).length;
      }),
    );
    expect(each.filter((count) => count !== 0 && count !== SHARED.length)).toEqual([]);
    return stack.workers.filter((_, index) => each[index] === SHARED.length);
  };

  const singleExporter = () =>
    eventually(
      async () => {
        const [only, ...others] = await exporters();
        if (only === undefined || others.length > 0) throw new Error('There is no single exporter');
        return only;
      },
      { withinMs: 30_000 },
    );

  it('is exported by one worker, and soon by another when that one dies or is told to end', async () => {
    const client = new pg.Client({ connectionString: stack.database.url });
    await client.connect();
    /** By PostgreSQL's clock, which no process of a busy machine delays: who may export, and for how many seconds to come. */
    const leases = async () =>
      (
        await client.query<{ holder: string; seconds: number }>(
          'SELECT holder, extract(epoch FROM lease_until - now())::float AS seconds FROM process_lease WHERE lease_until > now()',
        )
      ).rows;
    try {
      await Promise.all([stack.add('worker'), stack.add('worker')]);
      const killed = await singleExporter();
      await killed.kill('SIGKILL');
      // Others ask for the lease every four seconds: docs/monitoring.md says that another takes over within 14.
      for (const { seconds } of await leases()) expect(seconds).toBeLessThanOrEqual(10);
      const second = await singleExporter();
      expect(second).not.toBe(killed);
      const held = await eventually(async () => (await leases())[0]);
      await second.kill('SIGTERM');
      expect((await leases()).map(({ holder }) => holder)).not.toContain(held!.holder);
      expect(await singleExporter()).not.toBe(second);
    } finally {
      await client.end();
    }
  }, 120_000);
});
