import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { EventStream } from '../support/http/event-stream.js';
import type { HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Accepted, callsFor, type Message, openRoom, outcome, quotaOf, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

const LIMIT = 5;
/** Its answer takes more than a minute. */
const ENDLESS = 'Go on [[behaviour:answer tokensPerSecond=2 chunkSize=6]] '.padEnd(1_000, 'and on ');
const SILENT = 'Think first [[behaviour:answer latencyMs=60000]]';

let stack: Stack;
let database: pg.Client;

beforeAll(async () => {
  await dayWithTimeLeft(90_000);
  const env = {
    BASIC_DAILY_MESSAGES: String(LIMIT),
    REPLY_RETRY_BASE_MS: '50',
    REPLY_MAX_ATTEMPTS: '2',
  };
  stack = await startStack({ apis: 2, env });
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
}, 180_000);
afterAll(async () => {
  await database?.end();
  await stack?.stop();
});

const post = (http: HttpClient, room: string, content: string) =>
  http.post<Accepted & { code: string }>(`/chatroom/${room}/message`, { content });

/** Sends so many messages, each once the one before has its outcome, and says how many were accepted. */
async function sendInTurn({ http }: Person, room: string, content: string, times: number): Promise<Message[]> {
  const outcomes: Message[] = [];
  for (let i = 0; i < times; i++) {
    const { status, body } = await post(http, room, content);
    if (status === 202) outcomes.push(await outcome(http, body.reply));
    else expect([status, body.code]).toEqual([429, 'daily_quota_exceeded']);
  }
  return outcomes;
}

const used = async ({ http }: Person): Promise<number> => (await quotaOf(http)).used;

describe('twelve messages of a user on Basic, by which', () => {
  it.each([
    ['each answer is cut off by its length', '[[behaviour:max_tokens afterChunks=4]]', 'reply_truncated'],
    ['each answer is blocked half-way', '[[behaviour:safety afterChunks=4]]', 'reply_blocked'],
  ])('%s, bring five answers', async (_, content, code) => {
    const person = await signUpAndLogIn(stack.http);
    const outcomes = await sendInTurn(person, await openRoom(person.http), content, 12);
    expect(outcomes.map(({ error }) => error?.code)).toEqual(Array(LIMIT).fill(code));
    expect(outcomes.every((reply) => reply.content.length > 20)).toBe(true);
    expect(await used(person)).toBe(LIMIT);
  });
});

describe('an account that is deleted and made anew with the same number', () => {
  it('has five answers in four rounds', async () => {
    let person = await signUpAndLogIn(stack.http);
    let answers = 0;
    for (let round = 0; round < 4; round++) {
      answers += (await sendInTurn(person, await openRoom(person.http), 'Hello', LIMIT)).length;
      expect(await used(person)).toBe(LIMIT);
      expect((await person.http.delete('/user/me')).status).toBe(204);
      person = await signUpAndLogIn(stack.http, person.phone);
      expect(await quotaOf(person.http)).toMatchObject({ limit: LIMIT, used: LIMIT, remaining: 0 });
    }
    expect(answers).toBe(LIMIT);
  });

  it('has what the law leaves of messages whose replies were unfinished', async () => {
    const person = await signUpAndLogIn(stack.http);
    const [writing, silent] = [await openRoom(person.http), await openRoom(person.http)];
    await stopAfterText(person, writing);
    await send(person.http, silent, SILENT);
    await send(person.http, silent, 'Waits behind it');
    expect(await used(person)).toBe(3);
    await person.http.delete('/user/me');
    expect(await used(await signUpAndLogIn(stack.http, person.phone))).toBe(1);
  });
});

/**
 * Sends a message whose answer has no end in sight, and waits until its reader has text, and PostgreSQL too: a deletion that its worker
 * doesn't notice in time leaves what is stored.
 */
async function stopAfterText({ http }: Person, room: string): Promise<Message> {
  const { reply } = await send(http, room, ENDLESS);
  const stream = await EventStream.ofReply(http, reply);
  await eventually(() => stream.text.length > 0);
  stream.close();
  await eventually(async () => {
    const { rows } = await database.query<{ content: string }>('SELECT content FROM message WHERE id = $1', [reply.id]);
    return rows[0]?.content;
  });
  return reply;
}

/** Cancels the reply, and returns it as it ends: the answer to the request doesn't wait for long until its worker has stopped. */
async function cancel(http: HttpClient, reply: Message): Promise<Message> {
  const { status } = await http.post(`/chatroom/${reply.chatroomId}/message/${reply.id}/cancel`);
  expect(status).toBe(200);
  return outcome(http, reply);
}

/** Whether the model is at work on an answer to this prompt. */
const isAsked = async (prompt: string): Promise<boolean> =>
  (await callsFor(stack, prompt)).some((call) => call.outcome === 'open');

describe('a reply that ends early', () => {
  it('costs its message when it was cancelled half-way, and nothing before there was any text', async () => {
    const person = await signUpAndLogIn(stack.http);
    const room = await openRoom(person.http);
    const halfWay = await cancel(person.http, await stopAfterText(person, room));
    expect(halfWay).toMatchObject({ status: 'cancelled', content: expect.stringMatching(/\S/) });
    expect(await used(person)).toBe(1);
    const silent = `${SILENT} ${person.id}`;
    const { reply } = await send(person.http, room, silent);
    await eventually(() => isAsked(silent));
    expect(await cancel(person.http, reply)).toMatchObject({ status: 'cancelled', content: '' });
    expect(await used(person)).toBe(1);
  });

  it('costs the same when its room is deleted', async () => {
    const person = await signUpAndLogIn(stack.http);
    const silent = await openRoom(person.http);
    await send(person.http, silent, SILENT);
    await send(person.http, silent, 'Waits behind it');
    expect((await person.http.delete(`/chatroom/${silent}`)).status).toBe(204);
    expect(await used(person)).toBe(0);
    const writing = await openRoom(person.http);
    await stopAfterText(person, writing);
    expect((await person.http.delete(`/chatroom/${writing}`)).status).toBe(204);
    expect(await used(person)).toBe(1);
  });

  it('costs its message when its time ran out with text', async () => {
    // The worker alone knows how long a reply may take. For the other tests it is long, however slow the machine is.
    await stack.worker().restart({ REPLY_DEADLINE_MS: '8000' });
    const person = await signUpAndLogIn(stack.http);
    const final = await outcome(person.http, (await send(person.http, await openRoom(person.http), ENDLESS)).reply);
    expect(final).toMatchObject({ error: { code: 'timed_out' }, content: expect.stringMatching(/\S/) });
    expect(await used(person)).toBe(1);
    await stack.worker().restart({ REPLY_DEADLINE_MS: '' });
  }, 120_000);
});

describe('a rejected request', () => {
  it('costs nothing', async () => {
    const person = await signUpAndLogIn(stack.http);
    const { http } = person;
    const room = await openRoom(http);
    const first = await send(http, room, 'First');
    await outcome(http, first.reply);
    const path = `/chatroom/${room}/message`;
    const key = { 'idempotency-key': 'quota-attack' };
    const second = await http.post<Accepted>(path, { content: 'Second' }, key);
    await outcome(http, second.body.reply);
    const running = await send(http, await openRoom(http), SILENT);
    expect(await used(person)).toBe(3);
    const rejected = [
      await http.post(path, {}),
      await http.post(path, { content: 'Hi', model: 'other' }),
      await http.post(path, { content: 'Other' }, key),
      await http.post(`${path}/${first.reply.id}/regenerate`),
      await http.post(`/chatroom/${running.reply.chatroomId}/message/${running.reply.id}/regenerate`),
      await http.post(`/chatroom/${person.id}/message`, { content: 'Hi' }),
      await http.post(`${path}/${person.id}/regenerate`),
    ];
    expect(rejected.map(({ status }) => status)).toEqual([400, 400, 422, 409, 409, 404, 404]);
    expect((await http.post(path, { content: 'Second' }, key)).headers.get('idempotency-replayed')).toBe('true');
    expect(await used(person)).toBe(3);
    await cancel(http, running.reply);
    expect(await used(person)).toBe(2);
  });
});

// Last, because a model that fails may be left alone for a while.
describe("the vendor's and the operator's faults", () => {
  it.each([
    ['503', '[[behaviour:503]]', 'model_unavailable'],
    ['403', '[[behaviour:403]]', 'model_misconfigured'],
  ])('are refunded: %s', async (_, content, code) => {
    const person = await signUpAndLogIn(stack.http);
    const [final] = await sendInTurn(person, await openRoom(person.http), content, 1);
    expect(final).toMatchObject({ status: 'failed', error: { code } });
    expect(await used(person)).toBe(0);
  });
});
