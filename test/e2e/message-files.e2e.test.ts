import { randomUUID } from 'node:crypto';
import type { Conversation, Room } from '@gemini-chat/client';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { GeminiControl } from '../support/gemini-sandbox.js';
import { EventStream } from '../support/http/event-stream.js';
import type { Answer } from '../support/http/http-client.js';
import { png, upload, type UploadedFile } from '../support/http/uploads.js';
import type { Person } from '../support/login.js';
import { type Accepted, type Message, openRoom, outcome, quotaOf, read, send } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { proUser, startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

let stack: Stack;
let person: Person;
let database: pg.Client;

beforeAll(async () => {
  const plans = plansFile(({ models, plans: { pro } }) => {
    models['reader'] = { label: 'Reader', files: ['text'] };
    pro.models.push('reader');
    Object.assign(pro, { filesPerMessage: 3, concurrentReplies: 100 });
  });
  ({ stack, person } = await startReplyStack({ env: { PLANS_FILE: plans } }));
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
}, 120_000);
afterAll(async () => {
  await database?.end();
  await stack?.stop();
});

type Refused = Accepted & { code?: string; errors?: { pointer: string; detail: string }[] };

const newFile = async (name = 'picture.png', content: Buffer | string = png(4, 3), { http } = person) =>
  (await upload(http, content, name)).body;
const post = (room: string, body: object, headers?: Record<string, string>): Promise<Answer<Refused>> =>
  person.http.post<Refused>(`/chatroom/${room}/message`, body, headers);
const edit = ({ chatroomId, id }: Message, body: object): Promise<Answer<Refused>> =>
  person.http.post<Refused>(`/chatroom/${chatroomId}/message/${id}/edit`, body);
const conversation = async (room: string) => (await person.http.get<Conversation>(`/chatroom/${room}`)).body;
const deleteFile = async ({ id }: UploadedFile) => {
  const { status, body } = await person.http.delete(`/file/${id}`);
  return [status, (body as { code?: string } | undefined)?.code];
};
const IN_USE = [409, 'file_in_use'];

/** Nothing is left of a file, neither its row nor its bytes. A worker deletes what has expired when it starts, and once a minute. */
const expectErased = async (file: UploadedFile) => {
  await stack.add('worker');
  await eventually(async () => {
    expect((await person.http.get(`/file/${file.id}`)).status).toBe(404);
    const { rows } = await database.query(
      'SELECT file_id FROM file_chunk WHERE file_id = $1 UNION ALL SELECT file_id FROM file_removal WHERE file_id = $1',
      [file.id],
    );
    expect(rows).toEqual([]);
    return true;
  });
};

describe('a message with files', () => {
  it('has them wherever it is shown, in the order of the request', async () => {
    const room = await openRoom(person.http);
    const [first, second] = [await newFile('one.png'), await newFile('two.txt', 'Some text')];
    const { status, body } = await post(room, {
      content: 'Look at the zebra',
      files: [second.id, first.id.toUpperCase()],
    });
    expect([status, body.message.files, body.reply.files]).toEqual([202, [second, first], []]);
    const reply = await outcome(person.http, body.reply);
    expect(reply.files).toEqual([]);
    expect(await read(person.http, body.message)).toEqual(body.message);
    expect((await conversation(room)).messages).toEqual([body.message, reply]);
    const variants = await person.http.get<{ items: Message[] }>(
      `/chatroom/${room}/message/${body.message.id}/replies`,
    );
    expect(variants.body.items).toEqual([reply]);
    const found = await person.http.get<{ items: { messageId: string }[] }>('/search?q=zebra');
    expect(JSON.stringify(found.body.items)).toContain(body.message.id);
    const { chatrooms } = (await person.http.get('/user/me/export')).body as { chatrooms: Conversation[] };
    expect(chatrooms.find(({ id }) => id === room)!.messages[0]!.files).toEqual([second, first]);
  });

  it('may be without a text, in a share, too, which shows texts alone', async () => {
    const room = await openRoom(person.http);
    const { status, body } = await post(room, { content: '', files: [(await newFile()).id] });
    expect([status, body.message.content]).toEqual([202, '']);
    const { token } = (await person.http.post<{ token: string }>(`/chatroom/${room}/share`)).body;
    const shared = (await stack.http.get<{ messages: object[] }>(`/shared/${token}`)).body;
    expect(shared.messages[0]).toEqual({ role: 'user', content: '', createdAt: body.message.createdAt });
  });

  it.each<[string, object, string]>([
    ['no text and no files', { content: ' ' }, '/content'],
    ['no text and an empty list', { content: '', files: [] }, '/content'],
    ['files alone', { files: [randomUUID()] }, '/content'],
    ['an id that is none', { content: 'Hi', files: ['1'] }, '/files'],
    ['a file twice', { content: 'Hi', files: Array<string>(2).fill(randomUUID()) }, '/files'],
    ['no list', { content: 'Hi', files: randomUUID() }, '/files'],
    ['null', { content: 'Hi', files: null }, '/files'],
    ['more than any plan allows', { content: 'Hi', files: Array.from({ length: 101 }, () => randomUUID()) }, '/files'],
  ])('with %s is not understood', async (_, request, pointer) => {
    const { status, body } = await post(await openRoom(person.http), request);
    expect([status, body.code]).toEqual([400, 'validation_failed']);
    expect(body.errors!.map((error) => error.pointer)).toContainEqual(expect.stringContaining(pointer));
  });

  it('is refused before anything is charged', async () => {
    const [room, reader] = [await openRoom(person.http), await openRoom(person.http, { model: 'reader' })];
    const files = await Promise.all([1, 2, 3, 4].map(() => newFile()));
    const { used } = await quotaOf(person.http);
    const refused = async (into: string, ids: string[]) => {
      const { status, body } = await post(into, { content: 'Hi', files: ids });
      return [status, body.code, body.errors?.[0]?.pointer];
    };
    const own = files.map(({ id }) => id);
    const another = await proUser(stack);
    const theirs = await newFile('theirs.png', png(1, 1), another);
    expect(await refused(room, [own[0]!, theirs.id])).toEqual([404, 'file_not_found', undefined]);
    expect(await refused(reader, [own[0]!])).toEqual([422, 'model_cannot_take_file', undefined]);
    expect(await refused(room, own)).toEqual([400, 'validation_failed', '/files']);
    expect((await quotaOf(person.http)).used).toBe(used);
    expect((await conversation(room)).messages).toEqual([]);
    expect(await deleteFile(files[0]!)).toEqual([204, undefined]);
    expect(await refused(room, [own[0]!])).toEqual([404, 'file_not_found', undefined]);
  });

  it('fails without a call, and costs nothing, where the model was changed for one that does not take them before it is answered', async () => {
    const room = await openRoom(person.http);
    const { used } = await quotaOf(person.http);
    const before = await post(room, { content: 'Wait [[behaviour:hang]]' });
    const { body } = await post(room, { content: 'What is on it?', files: [(await newFile()).id] });
    const changed = await person.http.patch<Room>(`/chatroom/${room}`, { model: 'reader' });
    expect([changed.status, body.reply.status]).toEqual([200, 'queued']);
    await person.http.post(`/chatroom/${room}/message/${before.body.reply.id}/cancel`);
    expect(await outcome(person.http, body.reply)).toMatchObject({
      status: 'failed',
      error: { code: 'model_rejected_request' },
    });
    expect(await new GeminiControl(stack.sandboxUrl).requests({ prompt: 'What is on it?' })).toEqual([]);
    expect((await quotaOf(person.http)).used).toBe(used);
  });

  it('is not answered anew by a model that does not take them', async () => {
    const room = await openRoom(person.http);
    const { body } = await post(room, { content: 'What is on it?', files: [(await newFile()).id] });
    const reply = await outcome(person.http, body.reply);
    const { used } = await quotaOf(person.http);
    const path = `/chatroom/${room}/message/${reply.id}/regenerate`;
    const regenerate = async () => {
      const answer = await person.http.post<Refused>(path, {}, { 'idempotency-key': randomUUID() });
      return [answer.status, answer.body.code];
    };
    await person.http.patch(`/chatroom/${room}`, { model: 'reader' });
    expect(await regenerate()).toEqual([422, 'model_cannot_take_file']);
    expect((await quotaOf(person.http)).used).toBe(used);
    await person.http.patch(`/chatroom/${room}`, { model: null });
    expect(await regenerate()).toEqual([202, undefined]);
  });

  it('is sent once under its key, and comes again with its files', async () => {
    const [room, file] = [await openRoom(person.http), await newFile()];
    const key = { 'idempotency-key': randomUUID() };
    const request = { content: 'Once', files: [file.id] };
    const first = await post(room, request, key);
    const again = await post(room, request, key);
    expect([again.status, again.body.message]).toEqual([202, first.body.message]);
    const other = await post(room, { content: 'Once' }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    const path = `/chatroom/${room}/message/stream`;
    const stream = await EventStream.posting(person.http, path, key, request);
    await stream.ended;
    expect(stream.events[0]).toMatchObject({ event: 'accepted', data: { message: first.body.message } });
    expect((await conversation(room)).messages).toHaveLength(2);
  });

  it('is edited: the files stay unless the request names others', async () => {
    const [room, first, second] = [await openRoom(person.http), await newFile(), await newFile()];
    let { message, reply } = (await post(room, { content: 'What is it?', files: [first.id] })).body;
    const edited = async (body: object) => {
      await outcome(person.http, reply);
      const answer = await edit(message, body);
      expect(answer.status).toBe(202);
      ({ message, reply } = answer.body);
      expect((await conversation(room)).messages.map(({ id }) => id)).toEqual([message.id, reply.id]);
      return message.files;
    };
    expect(await edited({ content: 'And this?' })).toEqual([first]);
    expect(await edited({ content: '', files: [second.id, first.id] })).toEqual([second, first]);
    expect(await edited({ content: 'Without', files: [] })).toEqual([]);
    expect((await edit(message, { content: '' })).body.code).toBe('validation_failed');
    // The questions that were replaced are still stored, for the export of the account.
    expect(await deleteFile(second)).toEqual(IN_USE);
  });
});

describe('a room without a title whose first message has files and no text', () => {
  afterEach(() => new GeminiControl(stack.sandboxUrl).clearRules());

  it('is named by the answer, should the model give no name', async () => {
    const match = { prompt: 'Assistant: ', system: 'Name this conversation' };
    await new GeminiControl(stack.sandboxUrl).script({ type: 'answer', text: ' ' }, match);
    const room = (await person.http.post<Room>('/chatroom', {})).body.id;
    const { reply } = (await post(room, { content: '', files: [(await newFile()).id] })).body;
    const { content } = await outcome(person.http, reply);
    const title = await eventually(async () => {
      const named = (await conversation(room)).title;
      if (named === null) throw new Error('The room has no title yet');
      return named;
    });
    expect(title.length).toBeGreaterThan(3);
    expect(content.startsWith(title.replace('…', ''))).toBe(true);
  });
});

describe('the files of a message', () => {
  it('stay as long as any message has them, and are erased with the last one', async () => {
    const [room, other] = [await openRoom(person.http), await openRoom(person.http)];
    const [shared, own, unused] = [await newFile(), await newFile(), await newFile()];
    await outcome(person.http, (await post(room, { content: 'Both', files: [shared.id, own.id] })).body.reply);
    const last = await outcome(person.http, (await post(other, { content: 'One', files: [shared.id] })).body.reply);
    const forked = await person.http.post<Room>(`/chatroom/${other}/fork`, { messageId: last.id });
    expect(forked.status).toBe(201);
    expect((await conversation(forked.body.id)).messages[0]!.files).toEqual([shared]);
    for (const file of [shared, own]) expect(await deleteFile(file)).toEqual(IN_USE);
    for (const each of [room, other]) expect((await person.http.delete(`/chatroom/${each}`)).status).toBe(204);
    await expectErased(own);
    expect(await deleteFile(shared)).toEqual(IN_USE);
    expect((await person.http.get(`/file/${shared.id}/content`)).status).toBe(200);
    expect((await person.http.delete(`/chatroom/${forked.body.id}`)).status).toBe(204);
    await expectErased(shared);
    expect((await person.http.get(`/file/${unused.id}`)).status).toBe(200);
    await send(person.http, await openRoom(person.http), 'And on it goes');
  }, 120_000);
});
