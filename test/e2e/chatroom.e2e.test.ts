import type { Conversation, Page, Room } from '@gemini-chat/client';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { signUpAndLogIn } from '../support/login.js';
import { callsFor, type Message, outcome, script, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';

const UNKNOWN_ID = '0197a1c0-0000-7000-8000-00000000dead';

let stack: Stack;
/** The same person at two replicas of the API. */
let one: HttpClient;
let other: HttpClient;

beforeAll(async () => {
  stack = await startStack({ apis: 2 });
}, 120_000);

afterAll(() => stack?.stop());

beforeEach(async () => {
  const person = await proUser(stack);
  one = person.http;
  other = person.http.at(stack.api(1).url);
});

async function open(properties: object = {}): Promise<Room> {
  const { status, body } = await one.post<Room>('/chatroom', { title: 'A room', ...properties });
  expect(status).toBe(201);
  return body;
}

const listed = async (http: HttpClient, query = ''): Promise<Page<Room>> =>
  (await http.get<Page<Room>>(`/chatroom${query}`)).body;

describe('a room', () => {
  it('is opened, read, changed and deleted', async () => {
    const created = await one.post<Room>('/chatroom', { title: ' Skies ', systemInstruction: 'Be brief.' });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      title: 'Skies',
      systemInstruction: 'Be brief.',
      model: null,
      thinking: null,
      temperature: null,
      maxOutputTokens: null,
      showThoughts: false,
      search: false,
      pinned: false,
      archived: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: created.body.createdAt,
      lastMessageAt: null,
    });
    const path = `/chatroom/${created.body.id}`;
    expect(created.headers.get('location')).toBe(path);

    expect((await other.get(path)).body).toEqual({ ...created.body, messages: [], nextCursor: null });

    const change = { title: 'Seas', systemInstruction: null, model: 'gemini-flash-latest', pinned: true };
    const changed = await other.patch<Room>(path, change);
    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({ ...created.body, ...change, updatedAt: changed.body.updatedAt });

    const deleted = await one.delete(path);
    expect([deleted.status, deleted.body]).toEqual([204, undefined]);
    expect((await one.get(path)).status).toBe(404);
    expect((await other.delete(path)).status).toBe(404);
  });

  it("is not found when it is another user's, when the id is unknown, and when it is malformed", async () => {
    const { id } = await open();
    const otherUser = (await signUpAndLogIn(stack.http)).http;
    for (const path of [`/chatroom/${id}`, `/chatroom/${UNKNOWN_ID}`, '/chatroom/not-an-id']) {
      for (const answer of [await otherUser.get(path), await otherUser.patch(path, {}), await otherUser.delete(path)]) {
        expect(answer.status).toBe(404);
        expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect(answer.body).toMatchObject({
          status: 404,
          code: 'chatroom_not_found',
          detail: 'There is no such chatroom.',
          instance: path,
        });
      }
    }
    expect((await one.get(`/chatroom/${id}`)).status).toBe(200);
  });

  it.each([
    ['a title that is empty', { title: '' }, '/title'],
    ['a title with NUL in it', { title: 'a\0b' }, '/title'],
    ['an instruction that is too long', { systemInstruction: 'x'.repeat(8_001) }, '/systemInstruction'],
    ['a malformed model name', { model: 'models/x' }, '/model'],
    ['an unknown property', { colour: 'blue' }, '/colour'],
  ])('cannot have %s', async (_, body, pointer) => {
    const { id } = await open();
    for (const answer of [await one.post('/chatroom', body), await one.patch(`/chatroom/${id}`, body)]) {
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer }] });
    }
  });

  it('stops the reply that is being written in it when it is deleted, and delays no other room', async () => {
    const prompt = `Go on and on ${crypto.randomUUID()}`;
    await script(stack, prompt, [{ type: 'answer', text: 'la '.repeat(3_000), tokensPerSecond: 20 }]);
    const { id } = await open();
    const { reply } = await send(one, id, prompt);
    await eventually(async () => (await one.get<Message>(`/chatroom/${id}/message/${reply.id}`)).body.content !== '');
    expect((await one.delete(`/chatroom/${id}`)).status).toBe(204);
    await eventually(async () => (await callsFor(stack, prompt)).every((call) => call.outcome === 'aborted'), {
      withinMs: 20_000,
    });
    const next = await open();
    const answered = await outcome(one, (await send(one, next.id, 'Still there?')).reply);
    expect(answered.status).toBe('completed');
  });
});

describe('a conversation', () => {
  it('is read in pages from its end to its beginning', async () => {
    const { id } = await open();
    for (const word of ['one', 'two', 'three']) await outcome(one, (await send(one, id, word)).reply);

    const end = (await other.get<Conversation>(`/chatroom/${id}?limit=4`)).body;
    expect(end.messages.map(({ role, status }) => [role, status])).toEqual([
      ['user', 'completed'],
      ['bot', 'completed'],
      ['user', 'completed'],
      ['bot', 'completed'],
    ]);
    expect(end.messages[2]).toMatchObject({ content: 'three', chatroomId: id });
    expect(end.messages[3]?.replyTo).toBe(end.messages[2]?.id);
    expect(end.lastMessageAt).not.toBeNull();

    const start = (await other.get<Conversation>(`/chatroom/${id}?limit=4&cursor=${end.nextCursor}`)).body;
    expect(start.messages.map(({ role }) => role)).toEqual(['user', 'bot']);
    expect(start.messages[0]).toMatchObject({ content: 'one' });
    expect(start.nextCursor).toBeNull();
  });
});

describe('the list', () => {
  it('has pinned rooms first, then those with the latest activity, and lists archived rooms separately', async () => {
    const [first, second, third] = [await open(), await open(), await open()];
    await send(one, first.id, 'Hello');
    await one.patch(`/chatroom/${second.id}`, { pinned: true });
    await one.patch(`/chatroom/${third.id}`, { archived: true });
    expect((await listed(other)).items.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect((await listed(other, '?archived=true')).items.map(({ id }) => id)).toEqual([third.id]);
  });

  it('is read page by page', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.unshift((await open()).id);
    const pages: string[][] = [];
    for (let query = '?limit=2'; ;) {
      const page = await listed(one, query);
      pages.push(page.items.map(({ id }) => id));
      if (page.nextCursor === null) break;
      query = `?limit=2&cursor=${page.nextCursor}`;
    }
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  });

  it('shows each change at once, at every replica', async () => {
    const titles = async () =>
      [await listed(one), await listed(other)].map(({ items }) => items.map((room) => room.title));
    expect(await titles()).toEqual([[], []]);
    const { id } = await open({ title: 'Before' });
    expect(await titles()).toEqual([['Before'], ['Before']]);
    await other.patch(`/chatroom/${id}`, { title: 'After' });
    expect(await titles()).toEqual([['After'], ['After']]);
    await one.delete(`/chatroom/${id}`);
    expect(await titles()).toEqual([[], []]);
  });

  it('shows the title that the worker gives to a room as soon as the room has it', async () => {
    const { body: room } = await one.post<Room>('/chatroom', {});
    expect(room.title).toBeNull();
    await listed(one);
    await outcome(one, (await send(one, room.id, 'Why is the sky blue?')).reply);
    const named = await eventually(async () => {
      const { title } = (await one.get<Room>(`/chatroom/${room.id}`)).body;
      return title !== null && { title };
    });
    expect((await listed(one)).items).toEqual([expect.objectContaining(named)]);
    expect((await listed(other)).items).toEqual([expect.objectContaining(named)]);
  });

  it.each(['?limit=0', '?limit=101', '?limit=x', '?archived=maybe', '?cursor=nonsense', '?unknown=1'])(
    'refuses %s',
    async (query) => {
      const answer = await one.get(`/chatroom${query}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    },
  );
});

describe('a search', () => {
  it("finds what was said and answered in all of the user's rooms", async () => {
    const { id } = await open();
    const { message, reply } = await send(one, id, 'Where do zebras live?');
    await outcome(one, reply);
    const otherUser = (await signUpAndLogIn(stack.http)).http;
    expect((await otherUser.get('/search?q=zebras')).body).toEqual({ items: [], nextCursor: null });

    const { status, body } =
      await other.get<Page<{ chatroomId: string; message: Message; snippet: string }>>('/search?q=live%20zeb');
    expect(status).toBe(200);
    expect(body.items.map((hit) => hit.message.id)).toEqual([reply.id, message.id]);
    expect(body.items[1]).toEqual({
      chatroomId: id,
      message: (await one.get<Message>(`/chatroom/${id}/message/${message.id}`)).body,
      snippet: 'Where do zebras live?',
    });

    const first = (await one.get<Page<{ message: Message }>>('/search?q=zebras&limit=1')).body;
    const second = (await one.get<Page<{ message: Message }>>(`/search?q=zebras&limit=1&cursor=${first.nextCursor}`))
      .body;
    expect([first, second].map(({ items }) => items.map((hit) => hit.message.id))).toEqual([[reply.id], [message.id]]);
    expect(second.nextCursor).toBeNull();
  });

  it.each([
    ['no words at all', ''],
    ['empty words', '?q='],
    ['blank words', '?q=%20'],
    ['NUL', '?q=%00'],
    ['more than 200 characters', `?q=${'x'.repeat(201)}`],
    ['a forged cursor', '?q=x&cursor=nonsense'],
  ])('refuses %s', async (_, query) => {
    const answer = await one.get(`/search${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
  });
});

describe('an account', () => {
  it('exports its rooms, and loses access to them when it is deleted', async () => {
    const { id } = await open();
    const { message, reply } = await send(one, id, 'Remember me');
    await outcome(one, reply);
    const { body } = await one.get<{ chatrooms: Conversation[] }>('/user/me/export');
    expect(body.chatrooms).toMatchObject([
      { id, messages: [{ id: message.id, content: 'Remember me' }, { id: reply.id }] },
    ]);
    expect((await one.delete('/user/me')).status).toBe(204);
    expect((await one.get('/chatroom')).status).toBe(401);
  });
});
