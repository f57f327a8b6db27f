import { randomUUID } from 'node:crypto';
import type { Conversation } from '@gemini-chat/client';
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
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

let stack: Stack;
let person: Person;

beforeAll(async () => {
  ({ stack, person } = await startReplyStack());
}, 120_000);
afterAll(() => stack?.stop());

const edit = (http: HttpClient, { chatroomId, id }: Message, content: unknown, headers?: Record<string, string>) =>
  http.post<Accepted & { code?: string }>(`/chatroom/${chatroomId}/message/${id}/edit`, { content }, headers);

/** Sends a message and waits for its answer. */
async function exchange(http: HttpClient, room: string, content: string): Promise<Accepted> {
  const accepted = await send(http, room, content);
  await outcome(http, accepted.reply);
  return accepted;
}

describe('editing the latest question', () => {
  it('asks it anew in its place, and keeps what it has replaced from lists, search and model', async () => {
    const { http } = person;
    const room = await openRoom(http);
    const first = await exchange(http, room, 'The first question');
    const second = await exchange(http, room, 'A question with a mistake');

    const answer = await edit(http, second.message, 'A question put right');
    expect(answer.status).toBe(202);
    const { message, reply } = answer.body;
    expect(message).toMatchObject({
      chatroomId: room,
      role: 'user',
      content: 'A question put right',
      status: 'completed',
    });
    expect(reply).toMatchObject({ chatroomId: room, role: 'bot', content: '', status: 'queued', replyTo: message.id });
    expect(answer.headers.get('location')).toBe(`/chatroom/${room}/message/${reply.id}`);
    expect((await outcome(http, reply)).status).toBe('completed');

    const { body } = await http.get<Conversation>(`/chatroom/${room}`);
    expect(body.messages.map(({ id }) => id)).toEqual([first.message.id, first.reply.id, message.id, reply.id]);
    expect(body.lastMessageAt).toBe(message.createdAt);
    expect((await http.get<{ items: unknown[] }>('/search?q=mistake')).body.items).toEqual([]);
    const [call] = await callsFor(stack, 'A question put right');
    expect(call!.contents.map(({ role, parts }) => [role, parts[0]!.text])).toEqual([
      ['user', 'The first question'],
      ['model', expect.any(String)],
      ['user', 'A question put right'],
    ]);

    // It can be read on, as older variants can, and is taken along.
    expect((await http.get(`/chatroom/${room}/message/${second.message.id}`)).status).toBe(200);
    const { body: file } = await http.get<{
      chatrooms: { id: string; messages: (Message & { superseded: boolean })[] }[];
    }>('/user/me/export');
    const exported = file.chatrooms.find(({ id }) => id === room)!.messages;
    expect(exported.map(({ superseded }) => superseded)).toEqual([false, false, true, true, false, false]);

    const third = await exchange(http, room, 'The third question');
    const [later] = await callsFor(stack, 'The third question');
    expect(later!.contents.map(({ parts }) => parts[0]!.text).filter((_, i) => i % 2 === 0)).toEqual([
      'The first question',
      'A question put right',
      'The third question',
    ]);
    expect((await edit(http, message, 'Too late')).body).toMatchObject({ status: 409, code: 'not_latest_message' });
    expect((await edit(http, third.reply, 'No question')).body).toMatchObject({
      status: 409,
      code: 'not_latest_message',
    });
  });

  it('takes away all variants of the reply, and the new reply can be regenerated', async () => {
    const { http } = person;
    const room = await openRoom(http);
    const { message, reply } = await exchange(http, room, 'With two variants');
    const variant = await http.post<Accepted>(`/chatroom/${room}/message/${reply.id}/regenerate`);
    await outcome(http, variant.body.reply);
    const edited = (await edit(http, message, 'Without them')).body;
    await outcome(http, edited.reply);
    const regenerated = await http.post<Accepted>(`/chatroom/${room}/message/${edited.reply.id}/regenerate`);
    expect(regenerated.status).toBe(202);
    await outcome(http, regenerated.body.reply);
    const old = await http.post(`/chatroom/${room}/message/${variant.body.reply.id}/regenerate`);
    expect(old.body).toMatchObject({ status: 409, code: 'not_latest_reply' });
    const { body } = await http.get<Conversation>(`/chatroom/${room}`);
    expect(body.messages.map(({ id }) => id)).toEqual([edited.message.id, regenerated.body.reply.id]);
    expect((await callsFor(stack, 'Without them')).map(({ contents }) => contents.length)).toEqual([1, 1]);
  });

  it('waits for the end of its reply', async () => {
    const { http } = person;
    const room = await openRoom(http);
    await script(stack, 'hangs until it is stopped', [{ type: 'hang' }]);
    const { message, reply } = await send(http, room, 'hangs until it is stopped');
    expect((await edit(http, message, 'Sooner')).body).toMatchObject({ status: 409, code: 'reply_in_progress' });
    await http.post(`/chatroom/${room}/message/${reply.id}/cancel`);
    await outcome(http, reply);
    const edited = await edit(http, message, 'Sooner');
    expect(edited.status).toBe(202);
    expect((await outcome(http, edited.body.reply)).status).toBe('completed');
  });

  it("refuses what is no text, and another user's message like one that does not exist", async () => {
    const { http } = person;
    const room = await openRoom(http);
    const { message } = await exchange(http, room, 'Mine');
    for (const content of ['', ' \n', 'a\0b', 7, undefined]) {
      expect((await edit(http, message, content)).body).toMatchObject({ status: 400, code: 'validation_failed' });
    }
    const more = await http.post(`/chatroom/${room}/message/${message.id}/edit`, { content: 'x', role: 'bot' });
    expect(more.status).toBe(400);
    const { http: other } = await signUpAndLogIn(stack.http);
    const refusals = [
      await edit(other, message, 'Not mine'),
      await edit(other, { ...message, chatroomId: await openRoom(other) }, 'Not there'),
      await edit(http, { ...message, id: room }, 'Unknown'),
      await edit(http, { ...message, id: 'no-id' }, 'Unknown'),
      await edit(http, { ...message, chatroomId: await openRoom(http) }, 'In another room'),
    ];
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual(Array(5).fill([404, 'message_not_found']));
    expect((await quotaOf(other)).used).toBe(0);
    expect((await http.get<Conversation>(`/chatroom/${room}`)).body.messages[0]).toMatchObject({ content: 'Mine' });
  });

  it('costs one message, once under its key, and none is left to spend at the end of the day', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    let { message } = await exchange(http, room, 'Number 1');
    const original = message;
    const key = { 'Idempotency-Key': randomUUID() };
    const answer = await edit(http, original, 'Number 2', key);
    expect(answer.headers.get('ratelimit')).toMatch(/"daily-messages";r=3;/);
    expect(answer.headers.get('ratelimit-policy')).toContain('"daily-messages";q=5;w=86400');
    const repeated = await edit(http, original, 'Number 2', key);
    expect([repeated.status, repeated.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(repeated.body).toEqual(answer.body);
    expect((await edit(http, original, 'Number 3', key)).body).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
    expect((await quotaOf(http)).used).toBe(2);
    ({ message } = answer.body);
    for (let sent = 3; sent <= 5; sent++) {
      await outcome(http, (await http.get<Conversation>(`/chatroom/${room}`)).body.messages[1]!);
      ({ message } = (await edit(http, message, `Number ${sent}`)).body);
    }
    await outcome(http, (await http.get<Conversation>(`/chatroom/${room}`)).body.messages[1]!);
    expect((await edit(http, message, 'Number 6')).body).toMatchObject({ status: 429, code: 'daily_quota_exceeded' });
    expect((await edit(http, original, 'Number 2', key)).headers.get('idempotency-replayed')).toBe('true');
    expect((await http.get<Conversation>(`/chatroom/${room}`)).body.messages.map(({ content }) => content)[0]).toBe(
      'Number 5',
    );
  });
});
