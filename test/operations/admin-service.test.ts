import pg from 'pg';
import { admin, adminData } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, read, script, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';

// Each command is a process of its own, whose start takes its time on a busy machine.
import.meta.jest.setTimeout(120_000);

const PASSWORD = 'queues-of-a-test-7f3a';
const ORIGIN = 'http://localhost:3000';

let stack: Stack;
let client: pg.Client;

beforeAll(async () => {
  const env = { BULL_BOARD_PASSWORD: PASSWORD, CORS_ORIGINS: ORIGIN, RATE_LIMIT_ANONYMOUS_PER_MINUTE: '1000' };
  stack = await startStack({ apis: 2, env });
  client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
}, 90_000);
afterAll(async () => {
  await client?.end();
  await stack?.stop();
});

async function actionsOf({ id }: Person): Promise<string[]> {
  const { rows } = await client.query<{ action: string }>(
    `SELECT action FROM audit_event WHERE user_id = $1 AND detail ->> 'operator' = 'ada' ORDER BY id`,
    [id],
  );
  return rows.map(({ action }) => action);
}

/** A reply that waits an hour for its next attempt. */
async function putOff(person: Person): Promise<{ id: string; room: string }> {
  const room = await openRoom(person.http);
  await stack.worker().kill('SIGSTOP');
  try {
    const { reply } = await send(person.http, room, 'Hello');
    await client.query(
      `UPDATE message SET due_at = now() + interval '1 hour', next_enqueue_at = now() + interval '1 hour',
         created_at = now() - interval '2 minutes', last_failure = 'model_unavailable' WHERE id = $1`,
      [reply.id],
    );
    return { id: reply.id, room };
  } finally {
    await stack.worker().kill('SIGCONT');
  }
}

describe('a stuck reply', () => {
  it('is listed with what it waits for, and is retried', async () => {
    const person = await signUpAndLogIn(stack.http);
    const { id, room } = await putOff(person);
    const stuck = await adminData<{ id: string; waitsFor: string }[]>(stack, 'replies stuck --older-than 1m');
    expect(stuck).toContainEqual(
      expect.objectContaining({ id, status: 'queued', waitsFor: 'the end of its back-off (model_unavailable)' }),
    );
    expect(await adminData(stack, `replies show ${id}`)).toMatchObject({ id, userId: person.id, chatroomId: room });
    const queue = await adminData<{ unanswered: object[] }>(stack, 'queue show');
    expect(queue.unanswered).toContainEqual(expect.objectContaining({ plan: 'basic', status: 'queued' }));
    await adminData(stack, `replies retry ${id}`);
    const { body } = await person.http.get<{ message: never }>(`/chatroom/${room}/message/${id}`);
    expect((await outcome(person.http, body as never)).status).toBe('completed');
    expect((await admin(stack, ['replies', 'retry', id, '--as', 'ada'])).exitCode).toBe(4);
    expect(await actionsOf(person)).toEqual(['reply_retried']);
  });

  it('is cancelled, and refunded', async () => {
    const person = await signUpAndLogIn(stack.http);
    const { id, room } = await putOff(person);
    expect(await adminData(stack, `replies cancel ${id} --yes`)).toEqual({ reply: id, status: 'cancelled' });
    const { body } = await person.http.get(`/chatroom/${room}/message/${id}`);
    expect((await read(person.http, body as never)).status).toBe('cancelled');
    expect((await admin(stack, ['replies', 'cancel', id, '--yes', '--as', 'ada'])).exitCode).toBe(4);
    expect(await adminData(stack, `user quota ${person.id}`)).toMatchObject({ used: 0 });
    expect(await actionsOf(person)).toEqual(['reply_cancelled']);
  });
});

it('shows paused models, and resumes one', async () => {
  await client.query(
    `INSERT INTO model_pause (model, failure, resume_at) VALUES ('gemini-2.5-pro', 'model_rate_limited', now() + interval '1 h')`,
  );
  expect(await adminData(stack, 'models show')).toMatchObject([
    { model: 'gemini-2.5-pro', failure: 'model_rate_limited' },
  ]);
  await adminData(stack, 'models resume gemini-2.5-pro');
  expect(await adminData(stack, 'models show')).toEqual([]);
  expect((await admin(stack, ['models', 'resume', 'gemini-2.5-pro', '--as', 'ada'])).exitCode).toBe(3);
});

it('shows what the day has cost, by model, plan and purpose, estimates apart', async () => {
  const person = await signUpAndLogIn(stack.http);
  const room = await openRoom(person.http);
  await outcome(person.http, (await send(person.http, room, 'What does it cost?')).reply);
  const { rows, total } = await adminData<{ total: { calls: number; costUsd: number }; rows: object[] }>(
    stack,
    'spend',
  );
  expect(rows).toContainEqual(
    expect.objectContaining({ plan: 'basic', purpose: 'reply', estimatedCalls: expect.any(Number), searches: 0 }),
  );
  expect(total.costUsd).toBeGreaterThan(0);
  const { rows: stored } = await client.query(
    `SELECT sum(calls)::int AS calls FROM model_usage WHERE day = (now() AT TIME ZONE 'UTC')::date`,
  );
  expect(total.calls).toBe(stored[0].calls);
  expect(await adminData(stack, 'spend --day 2020-01-01')).toMatchObject({ total: { calls: 0, costUsd: 0 } });
});

it('lists what a user has done, and what was done to the account', async () => {
  const person = await signUpAndLogIn(stack.http);
  await adminData(stack, `user grant-plan ${person.id} pro --days 1`);
  const events = await adminData<{ action: string; detail: object; requestId: string }[]>(stack, `audit ${person.id}`);
  expect(events.map(({ action }) => action)).toEqual(['login', 'plan_granted']);
  expect(events[1]).toMatchObject({ detail: { operator: 'ada' }, requestId: expect.any(String) });
});

describe('maintenance', () => {
  const codeAt = async (replica: number, path: string, headers = {}) => {
    const { status, body, headers: answered } = await stack.http.at(stack.api(replica).url).get(path, headers);
    return { status, code: (body as Record<string, unknown> | undefined)?.['code'], answered };
  };
  const onBoth = (status: number) =>
    eventually(async () =>
      (await Promise.all([0, 1].map((at) => codeAt(at, '/plans')))).every((each) => each.status === status),
    );

  afterEach(() => admin(stack, ['maintenance', 'off', '--as', 'ada']));

  it('answers 503 everywhere but to probes, Stripe and readers of its pages; what was accepted goes on', async () => {
    const person = await signUpAndLogIn(stack.http);
    const room = await openRoom(person.http);
    const stripe = new StripeControl(stack.sandboxUrl);
    const { body } = await person.http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
    await script(stack, 'Before it', [{ type: 'answer', text: 'one two three four five six', tokensPerSecond: 1 }]);
    const { reply } = await send(person.http, room, 'Before it');
    const open = await fetch(`${stack.url}/chatroom/${room}/message/${reply.id}/stream`, {
      headers: { ...person.http.authorization, accept: 'text/event-stream' },
    });
    const streamed = open.text();

    await adminData(stack, 'maintenance on --retry-after 17 --yes');
    await onBoth(503);
    const refused = await codeAt(1, '/user/me', { ...person.http.authorization, origin: ORIGIN });
    expect(refused).toMatchObject({ status: 503, code: 'maintenance' });
    expect(refused.answered.get('retry-after')).toBe('17');
    expect(refused.answered.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(refused.answered.get('access-control-expose-headers')).toContain('Retry-After');
    expect((await person.http.post(`/chatroom/${room}/message`, { content: 'Now' })).status).toBe(503);
    for (const path of [
      '/health/live',
      '/health/ready',
      '/problems/maintenance',
      '/problems',
      '/docs',
      '/openapi.json',
    ])
      expect({ path, status: (await codeAt(0, path)).status }).toEqual({ path, status: 200 });
    expect((await codeAt(0, '/nowhere')).status).toBe(404);
    const preflight = await stack.http.send('OPTIONS', '/user/me', {
      headers: { origin: ORIGIN, 'access-control-request-method': 'GET' },
    });
    expect(preflight.status).toBeLessThan(300);
    expect(await fetch(stack.api().metricsUrl).then((answer) => answer.text())).toMatch(/^maintenance_mode 1$/m);
    await stripe.pay(body.checkoutUrl);
    await eventually(
      async () => {
        const { subscription } = await adminData<{ subscription: { plan: string } }>(stack, `user show ${person.id}`);
        return subscription.plan === 'pro';
      },
      { withinMs: 30_000 },
    );
    expect(await streamed).toContain('"status":"completed"');

    expect(await adminData(stack, 'maintenance status')).toMatchObject({ maintenance: true, 'retry after (s)': 17 });
    await adminData(stack, 'maintenance off');
    await onBoth(200);
    expect((await admin(stack, ['maintenance', 'off', '--as', 'ada'])).exitCode).toBe(4);
    expect(await fetch(stack.api().metricsUrl).then((answer) => answer.text())).toMatch(/^maintenance_mode 0$/m);
  });

  it('is known to a process from its start', async () => {
    await adminData(stack, 'maintenance on --yes');
    await stack.api(1).restart();
    expect((await codeAt(1, '/plans')).status).toBe(503);
  });
});

describe("the queues' pages", () => {
  const pages = (path: string, password?: string, method = 'GET') =>
    fetch(`${stack.worker().url}/queues${path}`, {
      method,
      headers: password === undefined ? {} : { authorization: `Basic ${btoa(`operator:${password}`)}` },
    });

  it('ask for the password, and show no more than counts and ids', async () => {
    expect((await pages('')).status).toBe(401);
    expect((await pages('')).headers.get('www-authenticate')).toMatch(/^Basic /);
    const page = await pages('', PASSWORD);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const queues = await pages('/api/queues', PASSWORD);
    const { queues: listed } = (await queues.json()) as { queues: { name: string; readOnlyMode: boolean }[] };
    expect(listed.map(({ name, readOnlyMode }) => [name, readOnlyMode])).toEqual([
      ['gemini-messages', true],
      ['stripe-sync', true],
    ]);
  });

  it('change nothing, and leave the other paths of the port alone', async () => {
    expect((await pages('/api/queues/gemini-messages/pause', PASSWORD, 'PUT')).status).toBe(405);
    expect((await fetch(`${stack.worker().url}/queuesish`)).status).toBe(404);
    expect((await fetch(`${stack.worker().url}/health/live`)).status).toBe(200);
  });

  describeInBrowser("the queues' pages are not opened")('in a browser', () => {
    it('show the queues under their policy', async () => {
      const browser = await launchBrowser();
      try {
        const page = await browser.newPage({ httpCredentials: { username: 'operator', password: PASSWORD } });
        const faults: string[] = [];
        page.on('pageerror', ({ message }) => faults.push(message));
        page.on('console', (line) => line.type() === 'error' && faults.push(line.text()));
        await page.goto(`${stack.worker().url}/queues`);
        await page.getByText('gemini-messages').first().waitFor();
        // Its fonts would come from elsewhere: the policy keeps them out, and no operator's browser tells others of these pages.
        const others = faults.filter((fault) => !fault.includes('https://fonts.googleapis.com/'));
        expect(others).toEqual([]);
      } finally {
        await browser.close();
      }
    });
  });

  it('are closed for a minute to an address that guesses, also with the right password then', async () => {
    const statuses: number[] = [];
    for (let guess = 0; guess < 11; guess++) statuses.push((await pages('', `wrong-${guess}`)).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
    expect((await pages('', PASSWORD)).status).toBe(429);
  });
});
