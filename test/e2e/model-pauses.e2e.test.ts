import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { signUpAndLogIn } from '../support/login.js';
import { type Message, type ModelCall, openRoom, outcome, read, send } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';

/** Waits until what is expected holds. */
const expectSoon = (expectation: () => Promise<void>): Promise<boolean> =>
  eventually(() => expectation().then(() => true));

const finished = (replies: Message[]): number => replies.filter(({ completedAt }) => completedAt !== null).length;

describe('a model over its rate limit, or down', () => {
  let stack: Stack;
  let database: pg.Client;
  const MODELS = ['gemini-five', 'gemini-twenty', 'gemini-fifty', 'gemini-crowd', 'gemini-down', 'gemini-fine'];

  beforeAll(async () => {
    const file = plansFile(({ models, plans }) => {
      for (const model of MODELS) {
        models[model] = { label: model };
        for (const plan of Object.values(plans)) plan.models.push(model);
      }
    });
    const env = {
      PLANS_FILE: file,
      RATE_LIMIT_SEND_PER_MINUTE: '100000',
      BASIC_DAILY_MESSAGES: '1000',
      REPLY_RETRY_BASE_MS: '100',
    };
    stack = await startStack({ apis: 1, workers: 2, env });
    database = new pg.Client({ connectionString: stack.database.url });
    await database.connect();
  }, 120_000);
  afterAll(async () => {
    await database?.end();
    await stack?.stop();
  });

  async function rule(model: string, behaviours: object[], times?: number): Promise<void> {
    const body = { match: { model, method: 'any' }, behaviours, ...(times === undefined ? {} : { times }) };
    const answer = await stack.http.at(stack.sandboxUrl).post('/control/gemini/rules', body);
    expect(answer.status).toBe(201);
  }

  async function callsOf(model: string): Promise<ModelCall[]> {
    const query = new URLSearchParams({ model, method: 'streamGenerateContent' });
    const answer = await stack.http
      .at(stack.sandboxUrl)
      .get<{ items: ModelCall[] }>(`/control/gemini/requests?${query.toString()}`);
    return answer.body.items;
  }

  const times = (calls: ModelCall[]): number[] => calls.map(({ receivedAt }) => Date.parse(receivedAt));

  // At the same time, since they wait for long.
  it('is called again no earlier than asked', async () => {
    const asked = [
      ['gemini-five', 5_000],
      ['gemini-twenty', 20_000],
      ['gemini-fifty', 50_000],
    ] as const;
    const floors = await Promise.all(asked.map(([model, retryAfterMs]) => expectFloor(model, retryAfterMs)));
    // Others went on before: the longest pause leaves time for that on any machine.
    const { wentOnAt, again } = floors.at(-1)!;
    expect(wentOnAt).toBeLessThan(again);
  }, 150_000);

  /** @returns when other models went on meanwhile, and when this one was called again */
  async function expectFloor(model: string, retryAfterMs: number): Promise<{ wentOnAt: number; again: number }> {
    const { http } = await proUser(stack);
    await rule(model, [{ type: '429', retryAfterMs }], 1);
    const starved = await openRoom(http, { model });
    const rooms = await Promise.all(Array.from({ length: 4 }, () => openRoom(http, { model })));
    const first = (await send(http, starved, 'Too much')).reply;
    await expectSoon(async () => {
      expect((await callsOf(model)).length).toBeGreaterThan(0);
      // It waits, unless a test that was held up finds it when a short pause is over.
      expect(['queued', 'completed']).toContain((await read(http, first)).status);
    });
    const others = await Promise.all(rooms.map((room) => send(http, room, 'Me too')));

    // Other models go on, of the same user and of others.
    const fine = await send(http, await openRoom(http, { model: 'gemini-fine' }), 'And here?');
    const { http: neighbour } = await signUpAndLogIn(stack.http);
    const usual = await send(neighbour, await openRoom(neighbour), 'And there?');
    expect((await outcome(http, fine.reply)).status).toBe('completed');
    expect((await outcome(neighbour, usual.reply)).status).toBe('completed');
    const wentOnAt = Date.now();

    const replies = [first, ...others.map(({ reply }) => reply)];
    const ends = await Promise.all(replies.map((reply) => outcome(http, reply, retryAfterMs + 30_000)));
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['completed']));
    const [begun, again] = times(await callsOf(model));
    expect(again! - begun!).toBeGreaterThanOrEqual(retryAfterMs);
    expect(await callsOf(model)).toHaveLength(6);
    return { wentOnAt, again: again! };
  }

  it('gets its replies back one after another', async () => {
    const model = 'gemini-crowd';
    // All of them are to wait before it is over.
    await rule(model, [{ type: '429', retryAfterMs: 15_000 }], 1);
    const people = await Promise.all(Array.from({ length: 15 }, () => proUser(stack)));
    const places = await Promise.all(
      people.flatMap(({ http }, i) =>
        Array.from({ length: i === 0 ? 1 : 2 }, async () => ({ http, room: await openRoom(http, { model }) })),
      ),
    );
    const [first, ...rest] = places;
    const sent = [{ http: first!.http, ...(await send(first!.http, first!.room, 'First')) }];
    await expectSoon(async () => expect(await callsOf(model)).toHaveLength(1));
    await expectSoon(async () => expect((await read(first!.http, sent[0]!.reply)).status).toBe('queued'));
    sent.push(
      ...(await Promise.all(rest.map(async ({ http, room }) => ({ http, ...(await send(http, room, 'Next')) })))),
    );
    const { rows } = await database.query<{ resume_at: Date }>('SELECT resume_at FROM model_pause WHERE model = $1', [
      model,
    ]);
    const resumed = rows[0]!.resume_at.getTime();
    await Promise.all(sent.map(({ http, reply }) => outcome(http, reply, 60_000)));
    const [, probe, ...others] = times(await callsOf(model)).sort((a, b) => a - b);
    expect(others).toHaveLength(28);
    expect(probe).toBeGreaterThanOrEqual(resumed);
    // The waiting double every second: at first one tries, and not all at once. A busy machine makes it later, never earlier.
    expect(others.filter((time) => time - resumed < 900).length).toBeLessThanOrEqual(3);
  }, 120_000);

  it('costs no attempts while it is down, and answers what waits when it is back', async () => {
    const model = 'gemini-down';
    const people = await Promise.all(Array.from({ length: 6 }, () => proUser(stack)));
    const rules = await stack.http.at(stack.sandboxUrl).post<{ id: number }>('/control/gemini/rules', {
      match: { model, method: 'any' },
      behaviours: [{ type: '503' }],
    });
    const rooms = await Promise.all(people.map(({ http }) => openRoom(http, { model })));
    // All of them are there before one is tried: five failures of a single reply say nothing of the model, and end the reply.
    await Promise.all(stack.workers.map((worker) => worker.kill('SIGSTOP')));
    const sent = await Promise.all(
      people.map(async ({ http }, i) => ({ http, ...(await send(http, rooms[i]!, 'Anyone?')) })),
    ).finally(() => Promise.all(stack.workers.map((worker) => worker.kill('SIGCONT'))));
    const isPaused = async (): Promise<boolean> =>
      stack.workers.some(({ log }) => log.some((line) => line.includes(`${model} is paused`)));
    await expectSoon(async () => expect(await isPaused()).toBe(true));
    // Longer than the five attempts of a reply would take, with pauses of 1.5 s in all.
    const before = (await callsOf(model)).length;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const states = await Promise.all(sent.map(({ http, reply }) => read(http, reply)));
    expect(finished(states)).toBe(0);
    expect((await callsOf(model)).length - before).toBeLessThan(12);

    await stack.http.at(stack.sandboxUrl).delete(`/control/gemini/rules/${rules.body.id}`);
    const ends = await Promise.all(sent.map(({ http, reply }) => outcome(http, reply, 45_000)));
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['completed']));
  }, 120_000);

  it("is not taken for down for one user's bad requests", async () => {
    const { http } = await proUser(stack);
    const { http: neighbour } = await proUser(stack);
    const model = 'gemini-fine';
    const bad = await Promise.all(
      (await Promise.all(Array.from({ length: 5 }, () => openRoom(http, { model })))).map((room) =>
        send(http, room, 'Fail [[behaviour:500]]'),
      ),
    );
    const ends = await Promise.all(bad.map(({ reply }) => outcome(http, reply, 60_000)));
    expect(new Set(ends.map(({ error }) => error?.code))).toEqual(new Set(['model_unavailable']));
    const { reply } = await send(neighbour, await openRoom(neighbour, { model }), 'Fine?');
    expect((await outcome(neighbour, reply)).status).toBe('completed');
    expect(stack.workers.flatMap(({ log }) => log).filter((line) => line.includes(`${model} is paused`))).toEqual([]);
  }, 90_000);
});
