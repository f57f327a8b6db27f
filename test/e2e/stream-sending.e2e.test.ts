import { randomUUID } from 'node:crypto';
import { EventStream } from '../support/http/event-stream.js';
import type { HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import {
  type Accepted,
  callsFor,
  type Message,
  openRoom,
  outcome,
  quotaOf,
  script,
  send,
} from '../support/messages.js';
import { proUser, startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

const STREAMS = 3;

let stack: Stack;
let person: Person;

beforeAll(async () => {
  // No worker dies here, so none loses a reply, however long the machine pauses.
  const env = { STREAMS_PER_USER: String(STREAMS), REPLY_LEASE_MS: '60000' };
  await dayWithTimeLeft(90_000);
  ({ stack, person } = await startReplyStack({ env }));
}, 240_000);

afterAll(() => stack?.stop());

const newKey = () => ({ 'idempotency-key': randomUUID() });

const messagesOf = async (http: HttpClient, room: string): Promise<Message[]> =>
  (await http.get<{ messages: Message[] }>(`/chatroom/${room}`)).body.messages;

/** A finished reply in a room of its own, and where it is regenerated. */
async function finishedReply(http: HttpClient, content: string): Promise<{ reply: Message; path: string }> {
  const { reply } = await send(http, await openRoom(http), content);
  return { reply: await outcome(http, reply), path: `/chatroom/${reply.chatroomId}/message/${reply.id}/regenerate` };
}

describe('the kind of an answer', () => {
  it.each(['text/event-stream', 'text/event-stream;q=0', 'application/json, text/event-stream', 'text/html'])(
    'does not depend on Accept: %s',
    async (accept) => {
      const room = await openRoom(person.http);
      const plain = await person.http.post<Accepted>(`/chatroom/${room}/message`, { content: 'Plain' }, { accept });
      expect(plain.status).toBe(202);
      expect(plain.headers.get('content-type')).toContain('application/json');
      expect(plain.body.reply).toMatchObject({ role: 'bot', status: 'queued' });
      const streamed = await EventStream.sending(person.http, room, 'Streamed', { ...newKey(), accept });
      await streamed.ended;
      expect(streamed.headers.get('content-type')).toBe('text/event-stream');
      expect(streamed.done).toMatchObject({ status: 'completed', content: streamed.text });
    },
  );

  it('of a stream says where the reply is, what is left of the quota, and that nothing may change it on its way', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const stream = await EventStream.sending(http, room, 'With headers');
    await stream.ended;
    expect(stream.headers.get('location')).toBe(`/chatroom/${room}/message/${stream.done?.id}`);
    expect(stream.headers.get('ratelimit')).toMatch(/"daily-messages";r=4;t=\d+/);
    expect(stream.headers.get('cache-control')).toBe('no-store, no-transform');
    expect(stream.headers.get('idempotency-replayed')).toBeNull();
    const raw = await http.get<string>(`/chatroom/${room}/message/${stream.done?.id}/stream`);
    expect(raw.body.startsWith('retry: 500\n')).toBe(true);
  });
});

describe('a request that streams', () => {
  it('needs an Idempotency-Key, and accepts nothing without', async () => {
    const { reply, path } = await finishedReply(person.http, 'No key');
    const messages = `/chatroom/${reply.chatroomId}/message`;
    const refused = { status: 400, body: { code: 'idempotency_key_required' } };
    expect(await person.http.post(`${messages}/stream`, { content: 'No key' })).toMatchObject(refused);
    expect(await person.http.post(`${path}/stream`)).toMatchObject(refused);
    expect(await messagesOf(person.http, reply.chatroomId)).toHaveLength(2);
  });

  it('begins a new reply at its beginning, wherever the client was in another', async () => {
    const room = await openRoom(person.http);
    await script(stack, 'Second', [{ type: 'answer', text: 'The whole of the second', chunkSize: 4 }]);
    const first = await EventStream.sending(person.http, room, 'First');
    await first.ended;
    for (const { id } of first.events) {
      const headers = { ...newKey(), 'last-event-id': id };
      // The answer may get lost, so that the client repeats the request with what it sent before.
      const fresh = await EventStream.sending(person.http, room, 'Second', headers);
      await fresh.ended;
      const repeated = await EventStream.sending(person.http, room, 'Second', headers);
      await repeated.ended;
      for (const second of [fresh, repeated]) {
        expect(second.text).toBe('The whole of the second');
        expect(second.done).toMatchObject({ status: 'completed', content: second.text });
      }
      // At a new key the id means nothing, so there is no text to forget either.
      expect(fresh.events[0]).toMatchObject({ event: 'accepted', id: expect.stringMatching(/^0-0-/) });
      expect(fresh.events.filter(({ event }) => event === 'reset')).toEqual([]);
    }
    expect(await callsFor(stack, 'Second')).toHaveLength(first.events.length);
  });

  it('is over, 204, for a client that has read the whole reply', async () => {
    const room = await openRoom(person.http);
    const key = newKey();
    const first = await EventStream.sending(person.http, room, 'Read me', key);
    await first.ended;
    const last = { 'last-event-id': first.events.at(-1)!.id };
    const again = await EventStream.sending(person.http, room, 'Read me', { ...key, ...last });
    expect(again.status).toBe(204);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const { status } = await EventStream.ofReply(person.http, first.done!, last['last-event-id']);
    expect(status).toBe(204);
    // The id before it leads to what is missing: the event `done`.
    const missing = await EventStream.ofReply(person.http, first.done!, first.events.at(-2)!.id);
    await missing.ended;
    expect(missing.events).toEqual([first.events.at(-1)]);
  });

  it('accepts nothing that it has no slot for, however many come at once', async () => {
    const { http } = await proUser(stack);
    // None of its replies ends, which would let another stream in.
    await script(stack, 'Crowd', [{ type: 'hang_mid_stream' }]);
    const room = await openRoom(http);
    const asked = await Promise.allSettled(
      Array.from({ length: 10 }, () => EventStream.sending(http, room, 'Crowd', newKey())),
    );
    const streams = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(streams).toHaveLength(STREAMS);
    const refusals = asked.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    expect(refusals.every((reason) => reason.includes('answered 429') && reason.includes('too_many_streams'))).toBe(
      true,
    );
    const messages = await messagesOf(http, room);
    expect(messages.filter(({ role }) => role === 'user')).toHaveLength(STREAMS);
    for (const stream of streams) stream.close();
    // A worker waits for what it writes as it ends. The last come first, before they are written.
    for (const { id } of messages.filter(({ role }) => role === 'bot').toReversed()) {
      expect((await http.post(`/chatroom/${room}/message/${id}/cancel`)).status).toBe(200);
    }
  });
});

describe('a regeneration under a key', () => {
  it('happens once, and is answered the same, though its reply is not the latest any more', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const { reply, path } = await finishedReply(http, 'Renew me');
    const key = newKey();
    const [first, second] = await Promise.all([http.post(path, undefined, key), http.post(path, undefined, key)]);
    const third = await http.post(path, undefined, key);
    expect([first.status, second.status, third.status]).toEqual([202, 202, 202]);
    expect(second.body).toEqual(first.body);
    expect(third.body).toEqual(first.body);
    const replayed = [first, second, third].map(({ headers }) => headers.get('idempotency-replayed'));
    expect(replayed.filter((each) => each === 'true')).toHaveLength(2);
    expect(third.headers.get('location')).toBe(
      `/chatroom/${reply.chatroomId}/message/${(third.body as { reply: Message }).reply.id}`,
    );
    expect((await quotaOf(http)).used).toBe(2);
    const stream = await EventStream.posting(http, `${path}/stream`, key);
    await stream.ended;
    expect(stream.events[0]?.data).toEqual(first.body);
    expect(stream.done).toMatchObject({ status: 'completed', content: stream.text });
    expect((await quotaOf(http)).used).toBe(2);
    expect(await http.post(path)).toMatchObject({ status: 409, body: { code: 'not_latest_reply' } });
  });

  it('is refused under the key of a send or of another reply, and the other way round', async () => {
    const { http } = await proUser(stack);
    const one = await finishedReply(http, 'One');
    const other = await finishedReply(http, 'Other');
    const reused = { status: 422, body: { code: 'idempotency_key_reused' } };
    const [sendKey, key] = [newKey(), newKey()];
    const messages = `/chatroom/${one.reply.chatroomId}/message`;
    const again = await http.post<Accepted>(messages, { content: 'Another' }, sendKey);
    await outcome(http, again.body.reply);
    expect(await http.post(`${messages}/${again.body.reply.id}/regenerate`, undefined, sendKey)).toMatchObject(reused);
    expect(await http.post(`${other.path}/stream`, undefined, sendKey)).toMatchObject(reused);
    expect((await http.post(other.path, undefined, key)).status).toBe(202);
    expect(await http.post(one.path, undefined, key)).toMatchObject(reused);
    expect(await http.post(messages, { content: 'Another' }, key)).toMatchObject(reused);
    expect(await http.post(`${messages}/stream`, { content: 'Another' }, key)).toMatchObject(reused);
  });

  it('is answered again by a user whose quota is used up since', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const { path } = await finishedReply(http, 'Used up');
    const key = newKey();
    const first = await http.post(path, undefined, key);
    const room = await openRoom(http);
    for (let sent = 0; sent < 3; sent++) await send(http, room, 'More');
    expect((await http.post(`/chatroom/${room}/message`, { content: 'One too many' })).status).toBe(429);
    expect(await http.post(path, undefined, key)).toMatchObject({ status: 202, body: first.body });
  });
});
