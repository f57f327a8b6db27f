import { randomUUID } from 'node:crypto';
import { fetchEventSource } from '@microsoft/fetch-event-source';
import { createEventSource, type EventSourceClient } from 'eventsource-client';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';
import type { Person } from '../support/login.js';
import { type Accepted, callsFor, type Message, openRoom, outcome, read, script, send } from '../support/messages.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

let stack: Stack;
let person: Person;
let proxy: TcpProxy;
/** The API through the proxy. */
let cut: HttpClient;

beforeAll(async () => {
  // A lease that a busy machine keeps: a reply whose lease has expired is asked for twice.
  ({ stack, person } = await startReplyStack({ env: { REPLY_LEASE_MS: '10000' } }));
  proxy = await TcpProxy.to('127.0.0.1', Number(new URL(stack.url).port));
  cut = person.http.at(`http://127.0.0.1:${proxy.port}`);
}, 120_000);

afterAll(async () => {
  await proxy?.close();
  await stack?.stop();
});

/** What an app keeps of a stream: it adds deltas up, forgets on `reset`, and takes every `accepted` for the same. */
class Reading {
  readonly accepted: Partial<Accepted>[] = [];
  readonly empty: unknown[] = [];
  text = '';
  done: Message | undefined;
  /** The requests that the client has sent, with their `Last-Event-ID`. */
  readonly requests: (string | null)[] = [];
  /** How many answers are lost on their way, from the first one on. */
  lose = 0;

  take(event: string | undefined, data: string): void {
    // Clients that make an event of a blank line alone would show it here.
    if (data === '') return void this.empty.push(event);
    if (event === 'accepted') this.accepted.push(JSON.parse(data) as Accepted);
    if (event === 'reset') this.text = '';
    if (event === 'delta') this.text += (JSON.parse(data) as { text: string }).text;
    if (event === 'done') this.done = JSON.parse(data) as Message;
  }

  readonly fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    this.requests.push(new Headers(init?.headers).get('last-event-id'));
    const response = await fetch(url, init);
    if (this.requests.length > this.lose) return response;
    await response.body?.cancel();
    throw new TypeError('The answer got lost');
  };
}

/** Posts as a well-kept client does: it reconnects by itself until the server says that there is no more. */
interface Client {
  name: string;
  post: (reading: Reading, path: string, body?: object) => { stopped: () => Promise<unknown> };
}

const headersOf = (body: object | undefined): Record<string, string> => ({
  authorization: person.http.authorization['authorization'] ?? '',
  'idempotency-key': randomUUID(),
  ...(body === undefined ? {} : { 'content-type': 'application/json' }),
});

const sent = (body: object | undefined) => (body === undefined ? {} : { body: JSON.stringify(body) });

const eventSourceClient: Client = {
  name: 'eventsource-client',
  post: (reading, path, body) => {
    const client: EventSourceClient = createEventSource({
      url: `${cut.base}${path}`,
      method: 'POST',
      headers: headersOf(body),
      ...sent(body),
      fetch: reading.fetch,
      onMessage: ({ event, data }) => reading.take(event, data),
    });
    // It ends at the 204 alone, to which it comes by reconnecting with the id of `done`.
    return { stopped: () => eventually(() => client.readyState === 'closed', { withinMs: 30_000 }) };
  },
};

const fetchEventSourceClient: Client = {
  name: '@microsoft/fetch-event-source',
  post: (reading, path, body) => {
    const reads = fetchEventSource(`${cut.base}${path}`, {
      method: 'POST',
      headers: headersOf(body),
      ...sent(body),
      fetch: reading.fetch,
      openWhenHidden: true,
      onmessage: ({ event, data }) => reading.take(event, data),
    });
    return { stopped: () => reads };
  },
};

// That client is written for pages, and uses these two of theirs.
const page = globalThis as unknown as { window?: unknown; document?: unknown };
beforeAll(() => {
  page.window = globalThis;
  page.document = { addEventListener: () => undefined, removeEventListener: () => undefined };
});
afterAll(() => {
  delete page.window;
  delete page.document;
});

/** Cuts the connection each time that the client has read more text, so many times. */
async function cutWhileReading(reading: Reading, cuts: number): Promise<void> {
  await eventually(() => reading.accepted.length > 0);
  for (let cutSoFar = 0; cutSoFar < cuts; cutSoFar++) {
    const [before, requests] = [reading.text.length, reading.requests.length];
    await eventually(() => reading.text.length > before, { withinMs: 20_000 });
    proxy.reset();
    await eventually(() => reading.requests.length > requests, { withinMs: 20_000 });
  }
}

/** For 13 seconds, longer than the cuts take on a busy machine. */
const slowly = (prompt: string) =>
  script(stack, prompt, [{ type: 'answer', text: 'wörd 🌍 世界 '.repeat(40), tokensPerSecond: 5, chunkSize: 6 }]);

describe.each([eventSourceClient, fetchEventSourceClient])('$name', ({ name, post }) => {
  it('sends once and reads the whole reply, through a connection that is cut again and again', async () => {
    const prompt = `Cut me, ${name}`;
    await slowly(prompt);
    const room = await openRoom(person.http);
    const reading = new Reading();
    reading.lose = 1;
    const { stopped } = post(reading, `/chatroom/${room}/message/stream`, { content: prompt });
    await cutWhileReading(reading, 3);
    await eventually(() => reading.done !== undefined, { withinMs: 60_000 });
    await stopped();
    const { messages } = (await person.http.get<{ messages: Message[] }>(`/chatroom/${room}`)).body;
    expect(messages.map(({ role, status }) => [role, status])).toEqual([
      ['user', 'completed'],
      ['bot', 'completed'],
    ]);
    expect(reading.text).toBe(messages[1]?.content);
    expect(reading.done).toEqual(messages[1]);
    expect(new Set(reading.accepted.map(({ message, reply }) => `${message?.id} ${reply?.id}`)).size).toBe(1);
    expect(await callsFor(stack, prompt)).toHaveLength(1);
    expect(reading.empty).toEqual([]);
    expect(reading.requests.length).toBeGreaterThanOrEqual(5);
  }, 180_000);

  it('regenerates once, and reads the whole of the new reply', async () => {
    const prompt = `Again, ${name}`;
    const room = await openRoom(person.http);
    const { reply } = await send(person.http, room, prompt);
    await outcome(person.http, reply);
    await slowly(prompt);
    const reading = new Reading();
    reading.lose = 1;
    const { stopped } = post(reading, `/chatroom/${room}/message/${reply.id}/regenerate/stream`);
    await cutWhileReading(reading, 2);
    await eventually(() => reading.done !== undefined, { withinMs: 60_000 });
    await stopped();
    const variants = await person.http.get<{ items: Message[] }>(`/chatroom/${room}/message/${reply.replyTo}/replies`);
    expect(variants.body.items).toHaveLength(2);
    const variant = await read(person.http, reading.accepted[0]!.reply!);
    expect(variant.id).not.toBe(reply.id);
    expect(reading.text).toBe(variant.content);
    expect(reading.done).toEqual(variant);
  }, 180_000);
});
