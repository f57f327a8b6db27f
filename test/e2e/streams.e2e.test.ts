import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { EventStream } from '../support/http/event-stream.js';
import { eventually } from '../support/eventually.js';
import { logIn, type Person, signUpAndLogIn } from '../support/login.js';
import {
  type Accepted,
  type Behaviour,
  callsFor,
  type Message,
  openRoom,
  outcome,
  quotaOf,
  read,
  script,
  send,
} from '../support/messages.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

let stack: Stack;
let person: Person;

beforeAll(async () => {
  // The lease outlasts a pause of the machine: only a worker that has died loses its reply.
  const env = { STREAMS_PER_USER: '8', REPLY_LEASE_MS: '6000' };
  await dayWithTimeLeft(120_000);
  ({ stack, person } = await startReplyStack({ apis: 2, workers: 2, env }));
}, 300_000);

afterAll(() => stack?.stop());

/** A reply that takes about three seconds, so that a test can act while it is written. */
async function slowReply(content: string): Promise<Accepted> {
  await script(stack, content, [{ type: 'answer', text: 'wörd 🌍 '.repeat(30), tokensPerSecond: 10, chunkSize: 8 }]);
  return send(person.http, await openRoom(person.http), content);
}

/** A reply of which some words are written, and that goes on until the test stops it: workers wait for it as they end. */
async function unfinishedReply(content: string, http = person.http, then: Behaviour[] = []): Promise<Accepted> {
  await script(stack, content, [{ type: 'hang_mid_stream', text: 'word '.repeat(20) }, ...then]);
  return send(http, await openRoom(http), content);
}

const begun = (stream: EventStream) => eventually(() => stream.events.some(({ event }) => event === 'delta'));

describe('one call that sends and streams', () => {
  it('begins with the accepted message, and ends with the whole one', async () => {
    const room = await openRoom(person.http);
    const stream = await EventStream.sending(person.http, room, 'In one call');
    await stream.ended;
    expect(stream.events[0]).toMatchObject({ event: 'accepted', data: { reply: { status: 'queued' } } });
    expect(stream.done).toMatchObject({ status: 'completed', content: stream.text });
    expect(stream.text).toContain('In one call');
    expect(stream.events.every(({ id }) => id !== '')).toBe(true);
  });

  it('continues the same reply when it is repeated with its Idempotency-Key', async () => {
    const room = await openRoom(person.http);
    const open = () => EventStream.sending(person.http, room, 'Attach to me', { 'idempotency-key': '"attach"' });
    const first = await open();
    first.close();
    const second = await open();
    await second.ended;
    expect(second.done).toMatchObject({ status: 'completed', content: second.text });
    expect(await callsFor(stack, 'Attach to me')).toHaveLength(1);
  });
});

describe('a stream', () => {
  it('is the same before, during and after, from any replica, with and without Last-Event-ID', async () => {
    const { reply } = await slowReply('Join me anywhere');
    const early = await EventStream.ofReply(person.http, reply);
    await begun(early);
    const dropped = await EventStream.ofReply(person.http.at(stack.api(1).url), reply);
    await begun(dropped);
    dropped.close();
    await dropped.ended.catch(() => undefined);
    const place = dropped.events.at(-1)!.id;
    const resumed = await EventStream.ofReply(person.http, reply, place);
    await Promise.all([early.ended, resumed.ended]);
    const late = await EventStream.ofReply(person.http.at(stack.api(1).url), reply);
    await late.ended;
    const { content } = await read(person.http, reply);
    expect([early.text, dropped.text + resumed.text, late.text]).toEqual([content, content, content]);
    expect(resumed.events.some(({ event }) => event === 'reset')).toBe(false);
  });

  it('resets when another worker begins anew, and then holds the whole', async () => {
    const { reply } = await unfinishedReply('Survive your worker', person.http, [{ type: 'answer' }]);
    const stream = await EventStream.ofReply(person.http, reply);
    await begun(stream);
    // The other may just be done with the reply of an earlier test.
    const writer = await eventually(async () => {
      const held = await Promise.all(stack.workers.map(({ metricsUrl }) => heldBy(metricsUrl)));
      expect([...held].sort()).toEqual([0, 1]);
      return stack.worker(held.indexOf(1));
    });
    await writer.kill('SIGKILL');
    await stream.ended;
    await writer.restart();
    expect(stream.events.some(({ event }) => event === 'reset')).toBe(true);
    expect(stream.done).toMatchObject({ status: 'completed', content: stream.text });
  }, 60_000);

  it('ends when the session ends', async () => {
    const other = await signUpAndLogIn(stack.http);
    const { reply } = await unfinishedReply('Until logout', other.http);
    const stream = await EventStream.ofReply(other.http.at(stack.api(1).url), reply);
    await begun(stream);
    await other.http.post('/auth/logout');
    await stream.ended;
    expect(stream.done).toBeUndefined();
    await cancel((await logIn(stack.http, other.phone)).http, reply);
  });

  it('is open to its owner alone, and limited in number for each user', async () => {
    const { reply } = await unfinishedReply('Mine alone');
    const otherUser = await signUpAndLogIn(stack.http);
    await expect(EventStream.ofReply(otherUser.http, reply)).rejects.toThrow('answered 404');
    const streams = await Promise.all(Array.from({ length: 8 }, () => EventStream.ofReply(person.http, reply)));
    await expect(EventStream.ofReply(person.http, reply)).rejects.toThrow('answered 429');
    // A message whose answer can't be streamed is refused, not accepted: the client sends it again.
    const room = await openRoom(person.http);
    const key = { 'idempotency-key': randomUUID() };
    const sent = await person.http.post(`/chatroom/${room}/message/stream`, { content: 'One too many' }, key);
    expect(sent).toMatchObject({ status: 429, body: { code: 'too_many_streams' } });
    expect((await person.http.get(`/chatroom/${room}`)).body).toMatchObject({ messages: [] });
    for (const stream of streams) stream.close();
    await eventually(() => EventStream.ofReply(person.http, reply).then((stream) => (stream.close(), true)));
    await cancel(person.http, reply);
  });
});

describe('a client that disconnects at once', () => {
  it('leaves no stream open', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const { reply } = await unfinishedReply('Disconnected', http);
    const { hostname, port } = new URL(stack.url);
    for (let i = 0; i < 40; i++) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      const path = `/chatroom/${reply.chatroomId}/message/${reply.id}/stream`;
      const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${http.authorization.authorization}\r\n\r\n`;
      await new Promise((resolve) => socket.write(request, resolve));
      socket.resetAndDestroy();
    }
    const allFree = await eventually(async () => {
      const streams = await Promise.allSettled(Array.from({ length: 8 }, () => EventStream.ofReply(http, reply)));
      const open = streams.filter((stream) => stream.status === 'fulfilled');
      for (const { value } of open) value.close();
      return open.length === 8;
    });
    expect(allFree).toBe(true);
    await cancel(http, reply);
  });
});

describe('a cancellation', () => {
  it('stops the model within a second from any replica, and keeps what was written', async () => {
    await script(stack, 'Stop me', [
      { type: 'answer', text: 'wörd 🌍 '.repeat(400), tokensPerSecond: 10, chunkSize: 8 },
    ]);
    const { reply } = await send(person.http, await openRoom(person.http), 'Stop me');
    const stream = await EventStream.ofReply(person.http, reply);
    await begun(stream);
    const cancelledAt = Date.now();
    const cancelled = await cancel(person.http.at(stack.api(1).url), reply);
    await stream.ended;
    expect(cancelled).toMatchObject({ status: 'cancelled', content: stream.text });
    expect(stream.text).not.toBe('');
    expect(stream.done).toEqual(cancelled);
    const endedAt = await eventually(async () => {
      const [call] = await callsFor(stack, 'Stop me');
      expect(call?.outcome).toBe('aborted');
      return call?.endedAt;
    });
    expect(Date.parse(endedAt!) - cancelledAt).toBeLessThan(1_000);
    expect(await cancel(person.http, reply)).toEqual(cancelled);
  }, 60_000);

  it('ends a queued reply before it starts, refunds its message, and lets the next one be written', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    await script(stack, 'Slow head', [{ type: 'answer', latencyMs: 1_000 }]);
    const head = await send(http, room, 'Slow head');
    await eventually(async () => (await callsFor(stack, 'Slow head')).length > 0);
    // The workers are frozen, so that the reply is still queued when it is cancelled.
    await Promise.all(stack.workers.map((worker) => worker.kill('SIGSTOP')));
    const queued = await send(http, room, 'Never asked');
    const next = await send(http, room, 'The next');
    expect(await cancel(http, queued.reply)).toMatchObject({ status: 'cancelled', content: '' });
    await Promise.all(stack.workers.map((worker) => worker.kill('SIGCONT')));
    expect((await outcome(http, next.reply)).status).toBe('completed');
    expect((await read(http, head.reply)).status).toBe('completed');
    expect(await callsFor(stack, 'Never asked')).toEqual([]);
    expect((await quotaOf(http)).used).toBe(2);
  });

  it('at the moment of completion leaves one outcome, the same in the stream and in the store', async () => {
    const room = await openRoom(person.http);
    for (let i = 0; i < 10; i++) {
      const { reply } = await send(person.http, room, `Race ${i}`);
      const stream = await EventStream.ofReply(person.http, reply);
      const answer = await cancel(person.http, reply);
      await stream.ended;
      const stored = await read(person.http, reply);
      expect(['completed', 'cancelled']).toContain(stored.status);
      expect(answer).toEqual(stored);
      expect({ ...stream.done, content: stream.text }).toEqual(stored);
    }
  });
});

/** Cancels a reply, and returns it with its outcome: a worker that is slow to stop is asked once more. */
async function cancel(http: Person['http'], reply: Message): Promise<Message> {
  return eventually(async () => {
    const { status, body } = await http.post<Message>(`/chatroom/${reply.chatroomId}/message/${reply.id}/cancel`);
    expect(status).toBe(200);
    expect(body.completedAt).not.toBeNull();
    return body;
  });
}

/** How many replies a worker is writing, by its metrics. */
async function heldBy(metricsUrl: string): Promise<number> {
  const metrics = await (await fetch(metricsUrl)).text();
  return Number(/^replies_held (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
