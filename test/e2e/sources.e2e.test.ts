import type { Conversation, Message, Page, Room, Usage } from '@gemini-chat/client';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import type { Person } from '../support/login.js';
import { type Accepted, callsFor, openRoom, outcome, script, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

const MODEL = 'gemini-flash-latest';

const FIRST = 'Grüße 👋🏽!';
const REST = ' 你好, e\u0301 and NUL\0 too. 👩‍👩‍👧 So it is.';
/** As it is stored: without NUL. */
const ANSWER = (FIRST + REST).replaceAll('\0', '');

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

let asked = 0;

/** Asks in a room what the model answers with {@link ANSWER} after some searches. */
async function ask(room: string, searches = 1): Promise<{ prompt: string; reply: Message }> {
  const prompt = `Greet me, please, for the ${++asked}. time`;
  await script(stack, prompt, [{ type: 'answer', text: FIRST + REST, searches, chunkSize: 3 }]);
  const { reply } = await send(person.http, room, prompt);
  return { prompt, reply: await outcome(person.http, reply) };
}

/** What the sources of a reply are said to support. */
const supported = ({ content, sources }: Pick<Message, 'content' | 'sources'>) =>
  Object.fromEntries(
    sources.map(({ uri, ranges }) => [uri, ranges.map(({ start, end }) => content.slice(start, end))]),
  );

const SUPPORTED = { 'https://one.example/page': [ANSWER], 'https://two.example/page': [ANSWER.slice(FIRST.length)] };

async function usageOf(http: HttpClient): Promise<Usage[]> {
  return (await http.get<Page<Usage>>('/usage')).body.items;
}

/** What the worker has counted of searches by this model for users on Pro. */
async function searchesCounted(): Promise<number> {
  const metrics = await (await fetch(stack.worker().metricsUrl)).text();
  return Number(/^model_searches_total\{model="gemini-flash-latest",plan="pro"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

describe('a room that may search', () => {
  it('has replies with sources, the parts of the text that they support, and queries', async () => {
    const room = await openRoom(person.http, { search: true });
    const { prompt, reply } = await ask(room, 2);
    expect(reply).toMatchObject({ status: 'completed', content: ANSWER, searchQueries: [prompt, `${prompt} 2`] });
    expect(reply.sources.map(({ title }) => title)).toEqual(['one.example', 'two.example']);
    expect(supported(reply)).toEqual(SUPPORTED);
    expect((await callsFor(stack, prompt)).map(({ search }) => search)).toEqual([true]);
    const { body } = await person.http.get<Conversation>(`/chatroom/${room}`);
    expect(body.messages.at(-1)).toMatchObject({ sources: reply.sources, searchQueries: reply.searchQueries });
    expect(body.messages[0]).toMatchObject({ role: 'user', sources: [], searchQueries: [] });
  });

  it('has replies without, where the model did not search', async () => {
    const { reply } = await ask(await openRoom(person.http, { search: true }), 0);
    expect(reply).toMatchObject({ status: 'completed', sources: [], searchQueries: [] });
    expect(await usageOf(person.http)).toMatchObject([{ calls: 1, searches: 0 }]);
  });

  it('pays for each search beside the tokens', async () => {
    const room = await openRoom(person.http, { search: true, model: MODEL });
    const before = await searchesCounted();
    await ask(room, 3);
    await ask(room, 1);
    const [row, ...others] = await usageOf(person.http);
    expect([row, others]).toMatchObject([{ model: MODEL, purpose: 'reply', calls: 2, searches: 4 }, []]);
    const { promptTokens = 0, replyTokens = 0 } = row ?? {};
    expect(row?.costUsd).toBeCloseTo((promptTokens * 0.3 + replyTokens * 2.5) / 1e6 + 4 * 0.014, 8);
    await eventually(async () => (await searchesCounted()) - before === 4);
  });

  it('has them in each variant, in the copy of a fork and in the export', async () => {
    const room = await openRoom(person.http, { search: true });
    const { prompt, reply } = await ask(room);
    const again = await person.http.post<Accepted>(`/chatroom/${room}/message/${reply.id}/regenerate`);
    const variant = await outcome(person.http, again.body.reply);
    expect([supported(variant), variant.searchQueries]).toEqual([SUPPORTED, [prompt]]);
    const variants = await person.http.get<Page<Message>>(`/chatroom/${room}/message/${reply.replyTo}/replies`);
    expect(variants.body.items.map(supported)).toEqual([SUPPORTED, SUPPORTED]);

    const fork = await person.http.post<Room>(`/chatroom/${room}/fork`, { messageId: variant.id });
    expect(fork.body).toMatchObject({ search: true });
    const copy = await person.http.get<Conversation>(`/chatroom/${fork.body.id}`);
    expect(copy.body.messages.at(-1)).toMatchObject({ sources: variant.sources, searchQueries: variant.searchQueries });

    const { body } = await person.http.get<object>('/user/me/export');
    const exported = JSON.stringify(body);
    expect(exported.split(JSON.stringify(variant.sources)).length - 1).toBe(3);
    expect(body).toMatchObject({ subscription: { modelUsage: [{ calls: 2, searches: 2 }] } });
  });
});

describe('a room that may not search', () => {
  it('offers the model no search, and has no sources', async () => {
    const { prompt, reply } = await ask(await openRoom(person.http));
    expect(reply).toMatchObject({ status: 'completed', content: ANSWER, sources: [], searchQueries: [] });
    expect((await callsFor(stack, prompt)).map(({ search }) => search)).toEqual([false]);
    expect(await usageOf(person.http)).toMatchObject([{ calls: 1, searches: 0 }]);
  });

  it('offers none any more once it was taken back', async () => {
    const room = await openRoom(person.http, { search: true });
    await ask(room);
    expect((await person.http.patch<Room>(`/chatroom/${room}`, { search: false })).body.search).toBe(false);
    const { prompt, reply } = await ask(room);
    expect(reply.sources).toEqual([]);
    expect((await callsFor(stack, prompt)).map(({ search }) => search)).toEqual([false]);
  });
});
