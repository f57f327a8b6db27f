import { randomUUID } from 'node:crypto';
import type { Page, Usage } from '@gemini-chat/client';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, script, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

const MODEL = 'gemini-flash-latest';
const today = (): string => new Date().toISOString().slice(0, 10);

async function usageOf(http: HttpClient, query = ''): Promise<Page<Usage>> {
  const { status, body } = await http.get<Page<Usage>>(`/usage${query}`);
  if (status !== 200) throw new Error(`GET /usage answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

async function withDatabase<T>(stack: Stack, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Has the ledger say that the user's calls of a day have used this. */
const insertUsage = (stack: Stack, userId: string, day: string, replyTokens: number, model = MODEL) =>
  withDatabase(stack, (client) =>
    client.query(
      `INSERT INTO model_usage (user_id, day, model, purpose, calls, reply_tokens) VALUES ($1, $2, $3, 'reply', 1, $4)`,
      [userId, day, model, replyTokens],
    ),
  );

describe('what model calls used', () => {
  let stack: Stack;
  let person: Person;

  beforeAll(async () => {
    await dayWithTimeLeft(90_000);
    stack = await startStack();
  }, 240_000);
  afterAll(() => stack?.stop());
  beforeEach(async () => {
    person = await proUser(stack);
  });

  it('is nothing for a newcomer', async () => {
    expect(await usageOf(person.http)).toEqual({ items: [], nextCursor: null });
  });

  it('is what the replies say, added up, and what it costs at the prices of the catalogue', async () => {
    const room = await openRoom(person.http, { model: MODEL });
    const total = { promptTokens: 0, cachedTokens: 0, thoughtTokens: 0, replyTokens: 0 };
    for (const question of ['Why is the sky blue?', 'And at night?']) {
      const { reply } = await send(person.http, room, question);
      const { status, usage } = await outcome(person.http, reply);
      expect(status).toBe('completed');
      const used: Partial<typeof total> = usage ?? {};
      for (const kind of Object.keys(total) as (keyof typeof total)[]) total[kind] += used[kind] ?? 0;
    }
    const { items } = await usageOf(person.http);
    expect(items).toEqual([
      {
        day: today(),
        model: MODEL,
        purpose: 'reply',
        calls: 2,
        estimatedCalls: 0,
        ...total,
        searches: 0,
        costUsd: expect.anything(),
      },
    ]);
    const { promptTokens, cachedTokens, thoughtTokens, replyTokens } = total;
    const cost =
      ((promptTokens - cachedTokens) * 0.3 + cachedTokens * 0.03 + (thoughtTokens + replyTokens) * 2.5) / 1e6;
    expect(items[0]?.costUsd).toBeCloseTo(cost, 8);
    expect(replyTokens).toBeGreaterThan(0);
  });

  it('has replies that the reader got no text of, too', async () => {
    const room = await openRoom(person.http, { model: MODEL });
    const question = `blocked ${randomUUID()}`;
    await script(stack, question, [{ type: 'prompt_blocked' }]);
    const { reply } = await send(person.http, room, question);
    expect((await outcome(person.http, reply)).status).toBe('blocked');
    const { items } = await usageOf(person.http);
    expect(items).toMatchObject([{ purpose: 'reply', calls: 1 }]);
  });

  it('comes in pages, newest day first, of the days that are asked for', async () => {
    const days = ['2026-01-31', '2026-02-01', '2026-02-28', '2026-03-01'];
    for (const day of days) await insertUsage(stack, person.id, day, 1_000_000);
    const query = '?from=2026-02-01&to=2026-03-01';
    const first = await usageOf(person.http, `${query}&limit=2`);
    expect(first.items.map(({ day }) => day)).toEqual(['2026-03-01', '2026-02-28']);
    const second = await usageOf(person.http, `${query}&limit=2&cursor=${first.nextCursor}`);
    expect(second).toMatchObject({ items: [{ day: '2026-02-01', costUsd: 2.5 }], nextCursor: null });
    expect((await usageOf(person.http, '?to=2026-02-10')).items.map(({ day }) => day)).toEqual(['2026-02-01']);
  });

  it('has no costs of a model without a price', async () => {
    await insertUsage(stack, person.id, today(), 1_000, 'a-model-of-last-year');
    expect((await usageOf(person.http)).items).toMatchObject([{ model: 'a-model-of-last-year', costUsd: null }]);
  });

  it('is for its owner alone', async () => {
    await insertUsage(stack, person.id, today(), 1_000);
    const other = await signUpAndLogIn(stack.http);
    expect((await usageOf(other.http)).items).toEqual([]);
    expect((await stack.http.get('/usage')).status).toBe(401);
  });

  it.each([
    ['from=2026-02-30', '/from'],
    ['to=yesterday', '/to'],
    ['from=2026-02-02&to=2026-02-01', '/from'],
    ['from=2024-01-01&to=2026-01-01', '/from'],
    ['limit=0', '/limit'],
    ['cursor=made-up', '/cursor'],
    ['user=another', '/user'],
  ])('is not told of %s', async (query, pointer) => {
    const { status, body } = await person.http.get(`/usage?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer }] });
  });

  it('is in the export, and outlives the account without its owner', async () => {
    await insertUsage(stack, person.id, '2026-01-05', 1_000, 'a-model-to-remember');
    const { body } = await person.http.get<{ subscription: { modelUsage: Usage[] } }>('/user/me/export');
    expect(body.subscription.modelUsage).toMatchObject([
      { day: '2026-01-05', model: 'a-model-to-remember', replyTokens: 1_000 },
    ]);
    expect((await person.http.delete('/user/me')).status).toBe(204);
    const { rows } = await withDatabase(stack, (client) =>
      client.query('SELECT calls, reply_tokens::int FROM erased_model_usage WHERE model = $1', ['a-model-to-remember']),
    );
    expect(rows).toEqual([{ calls: 1, reply_tokens: 1_000 }]);
  });
});

/** The API reads the day's costs the more rarely the longer that takes. */
const READ_AGAIN = { withinMs: 70_000 };

describe('over the daily budget of the deployment', () => {
  let stack: Stack;
  let basic: Person;

  beforeAll(async () => {
    await dayWithTimeLeft(120_000);
    stack = await startStack({ env: { DAILY_BUDGET_USD: '10.50' } });
  }, 300_000);
  afterAll(() => stack?.stop());
  beforeEach(async () => {
    await withDatabase(stack, (client) => client.query('TRUNCATE model_usage, erased_model_usage'));
    basic = await signUpAndLogIn(stack.http);
    await eventually(async () => (await usedRatio()) < 0.1, READ_AGAIN);
  }, 90_000);

  async function usedRatio(): Promise<number> {
    const metrics = await (await fetch(stack.api().metricsUrl)).text();
    return Number(/^deployment_budget_used_ratio (.*)$/m.exec(metrics)?.[1] ?? NaN);
  }

  /** Spends dollars, by the price of the shipped catalogue, and waits until the API knows. */
  async function spend(usd: number): Promise<void> {
    await insertUsage(stack, (await signUpAndLogIn(stack.http)).id, today(), (usd / 2.5) * 1_000_000);
    await eventually(async () => (await usedRatio()) >= (usd / 10.5) * 0.999, READ_AGAIN);
  }

  const sending = (http: HttpClient, room: string, key?: string) =>
    http.post(`/chatroom/${room}/message`, { content: 'hello' }, key === undefined ? {} : { 'idempotency-key': key });

  it('Basic users get 503 until the UTC day is over, and lose nothing of their quota', async () => {
    const room = await openRoom(basic.http);
    const { reply } = await send(basic.http, room, 'hello');
    await outcome(basic.http, reply);
    await spend(10.5);
    const untilMidnight = Math.ceil((Date.parse(`${today()}T24:00:00Z`) - Date.now()) / 1_000);
    const refused = await sending(basic.http, room);
    expect([refused.status, refused.body['code']]).toEqual([503, 'capacity_reached']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(untilMidnight - 60);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(untilMidnight);
    const renewed = await basic.http.post(`/chatroom/${room}/message/${reply.id}/regenerate`);
    expect([renewed.status, renewed.body['code']]).toEqual([503, 'capacity_reached']);
    const { body } = await basic.http.get<{ quota: { used: number } }>('/subscription/status');
    expect(body.quota.used).toBe(1);
  }, 90_000);

  it('paid plans go on', async () => {
    const { http } = await proUser(stack);
    const room = await openRoom(http);
    await spend(11);
    const { reply } = await send(http, room, 'hello');
    expect((await outcome(http, reply)).status).toBe('completed');
  }, 90_000);

  it('a repeated request gets its first answer', async () => {
    const room = await openRoom(basic.http);
    const key = randomUUID();
    const first = await sending(basic.http, room, key);
    expect(first.status).toBe(202);
    await spend(11);
    const again = await sending(basic.http, room, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(again.body['message']).toEqual(first.body['message']);
  }, 90_000);

  it('near it everyone goes on, and the operator is warned', async () => {
    const room = await openRoom(basic.http);
    await spend(9);
    expect((await sending(basic.http, room)).status).toBe(202);
    await eventually(() => stack.api().log.join('\n').includes('More than 80 % of the daily budget is spent'));
  }, 90_000);
});
