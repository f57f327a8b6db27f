import type { Conversation, Message, Room } from '@gemini-chat/client';
import type { HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Accepted, callsFor, openRoom, outcome, quotaOf, script, send } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

/** Of the Basic plan. */
const MAX_ROOMS = 3;

let stack: Stack;
let person: Person;

beforeAll(async () => {
  const env = { PLANS_FILE: plansFile(({ plans }) => (plans.basic.maxChatrooms = MAX_ROOMS)) };
  ({ stack, person } = await startReplyStack({ env }));
}, 120_000);
afterAll(() => stack?.stop());

const fork = (http: HttpClient, room: string, messageId: unknown) =>
  http.post<Room & { code?: string }>(`/chatroom/${room}/fork`, { messageId });
const read = async (http: HttpClient, room: string): Promise<Conversation> =>
  (await http.get<Conversation>(`/chatroom/${room}`)).body;

/** Sends a message and waits for its answer, which it returns. */
async function exchange(http: HttpClient, room: string, content: string): Promise<Accepted> {
  const { message, reply } = await send(http, room, content);
  return { message, reply: await outcome(http, reply) };
}

/** What a copy has of its original. */
const copied = ({ role, content, status, createdAt, completedAt, model, finishReason }: Message) => {
  return { role, content, status, createdAt, completedAt, model, finishReason };
};

describe('a fork', () => {
  it('is a room of its own with the conversation up to and with the message, for nothing', async () => {
    const { http } = person;
    const settings = { title: 'Skies', systemInstruction: 'Be brief.', model: 'gemini-flash-latest' };
    const room = await openRoom(http, settings);
    const first = await exchange(http, room, 'The first question');
    const variant = await http.post<Accepted>(`/chatroom/${room}/message/${first.reply.id}/regenerate`);
    const newest = await outcome(http, variant.body.reply);
    const second = await exchange(http, room, 'The second question');
    await exchange(http, room, 'What comes after it');
    await http.patch(`/chatroom/${room}`, { pinned: true });
    await http.get('/chatroom');
    const [{ used }, before] = [await quotaOf(http), await read(http, room)];

    const { status, body, headers } = await fork(http, room, second.reply.id);

    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/chatroom/${body.id}`);
    expect(body).toMatchObject({ ...settings, pinned: false, archived: false, lastMessageAt: second.reply.createdAt });
    const { messages, ...forked } = await read(http, body.id);
    expect(forked).toMatchObject(body);
    const originals = [first.message, newest, second.message, second.reply];
    expect(messages.map(copied)).toEqual(originals.map(copied));
    expect(messages.map(({ chatroomId }) => chatroomId)).toEqual(Array(4).fill(body.id));
    expect(messages.map(({ usage }) => usage)).toEqual(Array(4).fill(null));
    expect(messages.map(({ replyTo }) => replyTo)).toEqual([null, messages[0]!.id, null, messages[2]!.id]);
    const known = new Set(before.messages.map(({ id }) => id));
    expect(messages.filter(({ id }) => known.has(id))).toEqual([]);
    expect((await quotaOf(http)).used).toBe(used);
    expect(await read(http, room)).toEqual(before);
    const { items } = (await http.get<{ items: Room[] }>('/chatroom')).body;
    expect(items.find(({ pinned }) => !pinned)?.id).toBe(body.id);

    // It goes on from there, with the same before it.
    await exchange(http, body.id, 'On in the fork');
    const [call] = await callsFor(stack, 'On in the fork');
    expect(call!.contents.map(({ parts }) => parts[0]!.text)).toEqual([
      ...originals.map(({ content }) => content),
      'On in the fork',
    ]);
    expect(await read(http, room)).toEqual(before);
    const again = await http.post(`/chatroom/${body.id}/message/${messages[3]!.id}/regenerate`);
    expect(again.body).toMatchObject({ code: 'not_latest_reply' });
  });

  it('of a question ends with it, and the copy of a reply is streamed and regenerated as any other', async () => {
    const { http } = person;
    const room = await openRoom(http);
    const { message, reply } = await exchange(http, room, 'Question and answer');
    const alone = await read(http, (await fork(http, room, message.id)).body.id);
    expect(alone.messages.map(({ content }) => content)).toEqual(['Question and answer']);
    const { id, messages } = await read(http, (await fork(http, room, reply.id)).body.id);
    const stream = await http.get<string>(`/chatroom/${id}/message/${messages[1]!.id}/stream`);
    expect(stream.body).toContain(JSON.stringify({ text: reply.content }));
    const renewed = await http.post<Accepted>(`/chatroom/${id}/message/${messages[1]!.id}/regenerate`);
    expect(renewed.status).toBe(202);
    expect((await outcome(http, renewed.body.reply)).status).toBe('completed');
    const edited = await http.post<Accepted>(`/chatroom/${alone.id}/message/${alone.messages[0]!.id}/edit`, {
      content: 'Edited',
    });
    expect(edited.status).toBe(202);
    await outcome(http, edited.body.reply);
    expect((await read(http, alone.id)).messages.map(({ role }) => role)).toEqual(['user', 'bot']);
  });

  it('of a variant or a question that was replaced has what it stood in', async () => {
    const { http } = person;
    const room = await openRoom(http);
    await exchange(http, room, 'Before it');
    const old = await exchange(http, room, 'To be replaced');
    const edited = await http.post<Accepted>(`/chatroom/${room}/message/${old.message.id}/edit`, {
      content: 'In its place',
    });
    await outcome(http, edited.body.reply);
    const { messages } = await read(http, (await fork(http, room, old.reply.id)).body.id);
    expect(messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual([
      'Before it',
      'To be replaced',
    ]);
    expect(messages.at(-1)).toMatchObject({ role: 'bot', content: old.reply.content });
  });

  it('has finished replies alone', async () => {
    const { http } = person;
    const room = await openRoom(http);
    const first = await exchange(http, room, 'Done');
    await script(stack, 'holds the room up', [{ type: 'hang' }]);
    const waiting = await send(http, room, 'holds the room up');
    const behind = await send(http, room, 'Behind it');
    for (const { id } of [waiting.reply, behind.message, behind.reply]) {
      expect((await fork(http, room, id)).body).toMatchObject({ status: 409, code: 'reply_in_progress' });
    }
    expect((await fork(http, room, waiting.message.id)).status).toBe(201);
    expect((await fork(http, room, first.reply.id)).status).toBe(201);
    await http.post(`/chatroom/${room}/message/${waiting.reply.id}/cancel`);
    await outcome(http, behind.reply);
    expect((await fork(http, room, behind.reply.id)).status).toBe(201);
  });

  it("refuses what is no id, and another user's room or message like one that does not exist", async () => {
    const { http } = person;
    const room = await openRoom(http);
    const { message } = await exchange(http, room, 'Mine');
    for (const id of [undefined, 7, 'no-id', '']) {
      expect((await fork(http, room, id)).body).toMatchObject({ status: 400, code: 'validation_failed' });
    }
    const { http: other } = await signUpAndLogIn(stack.http);
    const own = await openRoom(other);
    const refusals = [
      await fork(other, room, message.id),
      await fork(http, message.id, message.id),
      await fork(http, 'no-id', message.id),
      await fork(other, own, message.id),
      await fork(http, room, room),
    ];
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual([
      ...Array(3).fill([404, 'chatroom_not_found']),
      ...Array(2).fill([404, 'message_not_found']),
    ]);
  });

  it('counts as a room of the plan', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const { reply } = await exchange(http, room, 'One');
    const forks = await Promise.all(Array.from({ length: 6 }, () => fork(http, room, reply.id)));
    expect(forks.filter(({ status }) => status === 201)).toHaveLength(MAX_ROOMS - 1);
    expect(forks.filter(({ body }) => body.code === 'too_many_chatrooms')).toHaveLength(6 - MAX_ROOMS + 1);
    expect((await http.get<{ items: unknown[] }>('/chatroom')).body.items).toHaveLength(MAX_ROOMS);
    expect((await quotaOf(http)).used).toBe(1);
  });
});
