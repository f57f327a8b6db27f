import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { signUpAndLogIn } from '../support/login.js';
import { callsFor, type Message, type ModelCall, openRoom, outcome, read, script, send } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';

/** What the shipped catalogue allows at once. */
const BASIC = 2;
const PRO = 5;

const openRooms = (http: HttpClient, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => openRoom(http)));

/** The most calls that were open at the same time. */
function mostAtOnce(calls: ModelCall[]): number {
  const changes = calls
    .flatMap(({ receivedAt, endedAt }) => [
      { at: Date.parse(receivedAt), by: 1 },
      { at: endedAt === null ? Number.POSITIVE_INFINITY : Date.parse(endedAt), by: -1 },
    ])
    // An end and a beginning in the same millisecond are one after the other.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let open = 0;
  return Math.max(0, ...changes.map(({ by }) => (open += by)));
}

/** Waits until what is expected holds. */
const expectSoon = (expectation: () => Promise<void>): Promise<boolean> =>
  eventually(() => expectation().then(() => true));

const openCalls = (calls: ModelCall[]): number => calls.filter((call) => call.outcome === 'open').length;

const finished = (replies: Message[]): number => replies.filter(({ completedAt }) => completedAt !== null).length;

describe('with two workers of fifty places each', () => {
  let stack: Stack;

  beforeAll(async () => {
    const env = { RATE_LIMIT_SEND_PER_MINUTE: '100000', BASIC_DAILY_MESSAGES: '1000' };
    stack = await startStack({ apis: 2, workers: 2, env });
  }, 120_000);
  afterAll(() => stack?.stop());

  it.each([
    ['Basic', BASIC, () => signUpAndLogIn(stack.http)],
    ['Pro', PRO, () => proUser(stack)],
  ])(
    '200 parallel messages of a user on %s are answered %i at a time',
    async (plan, limit, person) => {
      const { http } = await person();
      const rooms = await openRooms(http, 20);
      const content = `All at once on ${plan}`;
      await script(stack, content, [{ type: 'answer', latencyMs: 30 }]);
      const sent = await Promise.all(Array.from({ length: 200 }, (_, i) => send(http, rooms[i % 20]!, content)));
      const replies = await Promise.all(sent.map(({ reply }) => outcome(http, reply, 60_000)));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set(['completed']));
      const calls = await callsFor(stack, content);
      expect(calls).toHaveLength(200);
      expect(mostAtOnce(calls)).toBe(limit);
    },
    90_000,
  );

  it('ten Basic users with five endless replies each keep no one waiting', async () => {
    const endless = 'Endless [[behaviour:answer tokensPerSecond=1]]';
    const crowd = await Promise.all(Array.from({ length: 10 }, () => signUpAndLogIn(stack.http)));
    const sent = await Promise.all(
      crowd.map(async ({ http }) => {
        const rooms = await openRooms(http, 5);
        return Promise.all(rooms.map((room) => send(http, room, endless)));
      }),
    );
    await expectSoon(async () => expect(openCalls(await callsFor(stack, endless))).toBe(10 * BASIC));

    const { http } = await signUpAndLogIn(stack.http);
    const { reply } = await send(http, await openRoom(http), 'What about me?');
    expect((await outcome(http, reply)).status).toBe('completed');
    const now = await Promise.all(sent.flatMap((of, i) => of.map(({ reply: theirs }) => read(crowd[i]!.http, theirs))));
    expect(finished(now)).toBe(0);
    expect(openCalls(await callsFor(stack, endless))).toBe(10 * BASIC);
    await Promise.all(
      sent.flatMap((of, i) =>
        of.map(({ reply: theirs }) =>
          crowd[i]!.http.post(`/chatroom/${theirs.chatroomId}/message/${theirs.id}/cancel`),
        ),
      ),
    );
  }, 60_000);

  it('the next reply of a user starts when one ends', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const content = 'One after the other';
    await script(stack, content, [{ type: 'answer', latencyMs: 200 }]);
    const rooms = await openRooms(http, 12);
    const sent = await Promise.all(rooms.map((room) => send(http, room, content)));
    await Promise.all(sent.map(({ reply }) => outcome(http, reply)));
    const calls = await callsFor(stack, content);
    const begun = calls.map(({ receivedAt }) => Date.parse(receivedAt)).sort((a, b) => a - b);
    const ended = calls.map(({ endedAt }) => Date.parse(endedAt!)).sort((a, b) => a - b);
    // Each call but the first two begins right after an end: long before a sweep, which comes after two seconds.
    const gaps = begun.slice(BASIC).map((time, i) => time - ended[i]!);
    expect(Math.max(...gaps)).toBeLessThan(1_000);
  }, 60_000);
});

describe('with one worker that writes one reply at a time', () => {
  let stack: Stack;

  beforeAll(async () => {
    const env = { RATE_LIMIT_SEND_PER_MINUTE: '100000', WORKER_CONCURRENCY: '1' };
    stack = await startStack({ env });
  }, 120_000);
  afterAll(() => stack?.stop());

  it('500 queued replies of one user delay another by no more than one model call', async () => {
    const [busy, other] = [await proUser(stack), await proUser(stack)];
    const content = 'One of five hundred';
    await script(stack, content, [{ type: 'answer', latencyMs: 150 }]);
    const rooms = await openRooms(busy.http, 50);
    await Promise.all(
      rooms.map(async (room) => {
        for (let i = 0; i < 10; i++) await send(busy.http, room, content);
      }),
    );
    for (let round = 0; round < 5; round++) {
      const single = `A single message ${round}`;
      const room = await openRoom(other.http);
      const { reply } = await send(other.http, room, single);
      const accepted = Date.now();
      expect((await outcome(other.http, reply)).status).toBe('completed');
      const [mine] = await callsFor(stack, single);
      const between = (await callsFor(stack, content)).filter(
        ({ receivedAt }) => Date.parse(receivedAt) > accepted && Date.parse(receivedAt) < Date.parse(mine!.receivedAt),
      );
      expect(between.length).toBeLessThanOrEqual(1);
    }
    // They have not been answered yet, or the rounds would show nothing.
    expect((await callsFor(stack, content)).length).toBeLessThan(400);
  }, 90_000);
});

describe('a model over its rate limit, or down', () => {
  let stack: Stack;
  const MODELS = ['gemini-five', 'gemini-twenty', 'gemini-fifty', 'gemini-crowd', 'gemini-down', 'gemini-fine'];

  beforeAll(async () => {
    const file = plansFile(({ models, plans }) => {
      for (const model of MODELS) {
        models[model] = { label: model };
        for (const plan of Object.values(plans)) plan.models.push(model);
      }
    });
    const env = { PLANS_FILE: file, RATE_LIMIT_SEND_PER_MINUTE: '100000', BASIC_DAILY_MESSAGES: '1000' };
    stack = await startStack({ apis: 1, workers: 2, env });
  }, 120_000);
  afterAll(() => stack?.stop());

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

  it.each([
    ['gemini-five', 5_000],
    ['gemini-twenty', 20_000],
    ['gemini-fifty', 50_000],
  ])(
    'is called again no earlier than asked: %s',
    async (model, retryAfterMs) => {
      const { http } = await proUser(stack);
      await rule(model, [{ type: '429', retryAfterMs }], 1);
      const starved = await openRoom(http, { model });
      const first = (await send(http, starved, 'Too much')).reply;
      await expectSoon(async () => expect(await callsOf(model)).toHaveLength(1));
      await expectSoon(async () => expect((await read(http, first)).status).toBe('queued'));
      const others = await Promise.all(
        (await Promise.all(Array.from({ length: 4 }, () => openRoom(http, { model })))).map((room) =>
          send(http, room, 'Me too'),
        ),
      );

      // Other models go on, of the same user and of others.
      const fine = await send(http, await openRoom(http, { model: 'gemini-fine' }), 'And here?');
      const { http: neighbour } = await signUpAndLogIn(stack.http);
      const usual = await send(neighbour, await openRoom(neighbour), 'And there?');
      expect((await outcome(http, fine.reply)).status).toBe('completed');
      expect((await outcome(neighbour, usual.reply)).status).toBe('completed');
      expect(await callsOf(model)).toHaveLength(1);

      const replies = [first, ...others.map(({ reply }) => reply)];
      const ends = await Promise.all(replies.map((reply) => outcome(http, reply, retryAfterMs + 30_000)));
      expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['completed']));
      const [begun, again] = times(await callsOf(model));
      expect(again! - begun!).toBeGreaterThanOrEqual(retryAfterMs);
      expect(await callsOf(model)).toHaveLength(6);
    },
    120_000,
  );

  it('gets its replies back one after another', async () => {
    const model = 'gemini-crowd';
    await rule(model, [{ type: '429', retryAfterMs: 3_000 }], 1);
    const people = await Promise.all(Array.from({ length: 15 }, () => proUser(stack)));
    const [first, ...rest] = people;
    const sent = [{ http: first!.http, ...(await send(first!.http, await openRoom(first!.http, { model }), 'First')) }];
    await expectSoon(async () => expect(await callsOf(model)).toHaveLength(1));
    await expectSoon(async () => expect((await read(first!.http, sent[0]!.reply)).status).toBe('queued'));
    for (const { http } of rest) {
      for (let i = 0; i < 2; i++) sent.push({ http, ...(await send(http, await openRoom(http, { model }), 'Next')) });
    }
    await Promise.all(sent.map(({ http, reply }) => outcome(http, reply)));
    const [, probe, ...others] = times(await callsOf(model)).sort((a, b) => a - b);
    expect(others).toHaveLength(28);
    // The waiting double every second: at first one tries, and not all at once.
    expect(others.filter((time) => time - probe! < 900).length).toBeLessThanOrEqual(3);
  }, 60_000);

  it('costs no attempts while it is down, and answers what waits when it is back', async () => {
    const model = 'gemini-down';
    const people = await Promise.all(Array.from({ length: 6 }, () => proUser(stack)));
    const rules = await stack.http.at(stack.sandboxUrl).post<{ id: number }>('/control/gemini/rules', {
      match: { model, method: 'any' },
      behaviours: [{ type: '503' }],
    });
    const sent = await Promise.all(
      people.map(async ({ http }) => ({ http, ...(await send(http, await openRoom(http, { model }), 'Anyone?')) })),
    );
    const isPaused = async (): Promise<boolean> =>
      stack.workers.some(({ log }) => log.some((line) => line.includes(`${model} is paused`)));
    await expectSoon(async () => expect(await isPaused()).toBe(true));
    // Longer than the five attempts of a reply would take.
    const before = (await callsOf(model)).length;
    await new Promise((resolve) => setTimeout(resolve, 12_000));
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
