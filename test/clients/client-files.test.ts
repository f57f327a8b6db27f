import { type ChatClient, type ChatError, createChatClient, type ReplyEvent } from '@gemini-chat/client';
import { png } from '../support/http/uploads.js';
import { script as scriptModel } from '../support/messages.js';
import { newPhone } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

// Each case waits for answers.
import.meta.jest.setTimeout(90_000);

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
}, 120_000);

afterAll(() => stack?.stop());

/** A client of a new user, who is logged in. */
async function loggedIn(): Promise<ChatClient> {
  const chat = createChatClient({ baseUrl: stack.url });
  const challenge = await chat.auth.sendCode({ phone: newPhone() });
  await chat.auth.verify(challenge, challenge.otp!);
  return chat;
}

const codeOf = (step: Promise<unknown>): Promise<unknown> => step.then(String, (error: ChatError) => error.code);

describe('files of the client', () => {
  it('are uploaded, whatever they are named, and read again byte by byte', async () => {
    const chat = await loggedIn();
    const picture = new Uint8Array(png(3, 2));
    const file = await chat.files.upload(picture, { name: 'Grüße, "世界"; 100%.png' });
    expect(file).toMatchObject({ mediaType: 'image/png', bytes: picture.length, width: 3, height: 2 });
    expect(file.name).toBe('Grüße, "世界"; 100%.png');
    const blob = await chat.files.upload(new Blob(['Notes\r\n--\r\n'], { type: 'text/plain' }));
    expect(blob).toMatchObject({ name: 'file', mediaType: 'text/plain', bytes: 11 });
    expect(await chat.files.upload(new File([picture], 'own.png'))).toMatchObject({ name: 'own.png' });
    expect(await chat.files.get(file.id)).toEqual(file);
    const content = await chat.files.content(file.id);
    expect(content.type).toBe('image/png');
    expect(new Uint8Array(await content.arrayBuffer())).toEqual(picture);
    expect(await (await chat.files.content(blob.id)).text()).toBe('Notes\r\n--\r\n');
    expect(chat.files.contentUrl(file.id)).toBe(`${stack.url}/file/${file.id}/content`);
  });

  it('go with messages, stay at an edit unless others are named, and are not deleted meanwhile', async () => {
    const chat = await loggedIn();
    const room = await chat.rooms.create({ title: 'Pictures' });
    const [first, second] = await Promise.all([1, 2].map((size) => chat.files.upload(new Uint8Array(png(size, size)))));
    const files = [second!.id, first!.id];
    const sent = chat.send(room.id, '', { files });
    expect((await sent.accepted).message?.files).toEqual([second, first]);
    await sent.final();
    expect(await codeOf(chat.files.delete(first!.id))).toBe('file_in_use');
    const asked = (await chat.rooms.get(room.id)).messages[0]!;
    expect(asked.files).toEqual([second, first]);
    const kept = await chat.edit(room.id, asked.id, 'What are these?');
    expect(kept.message.files).toEqual([second, first]);
    await chat.attach(room.id, kept.reply.id).final();
    const other = await chat.edit(room.id, kept.message.id, 'And this?', { files: [first!.id] });
    expect(other.message.files).toEqual([first]);
    await chat.attach(room.id, other.reply.id).final();
    const { messages } = await chat.rooms.get(room.id);
    expect(messages.map((message) => message.files)).toEqual([[first], []]);
  });

  it('are refused by codes, and deleted while no message has them', async () => {
    const [chat, other] = [await loggedIn(), await loggedIn()];
    expect(await codeOf(chat.files.upload(new Uint8Array([0, 1, 2, 3])))).toBe('file_type_not_supported');
    const { id } = await chat.files.upload(new Blob(['Mine']));
    expect(await codeOf(other.files.get(id))).toBe('file_not_found');
    expect(await codeOf(other.files.content(id))).toBe('file_not_found');
    const room = await other.rooms.create({ title: 'Theirs' });
    expect(await codeOf(other.send(room.id, 'Hi', { files: [id] }).final())).toBe('file_not_found');
    await chat.files.delete(id);
    expect(await codeOf(chat.files.get(id))).toBe('file_not_found');
  });
});

describe('thoughts', () => {
  it('come as events before the text, and are stored', async () => {
    const chat = await loggedIn();
    const room = await chat.rooms.create({ title: 'Thoughts', showThoughts: true });
    const prompt = `Think ${newPhone()}`;
    const thoughts = 'Let me see. It is blue. So be it.';
    const answer = { type: 'answer', thoughts, text: 'It is blue.', chunkSize: 3, tokensPerSecond: 20 };
    await scriptModel(stack, prompt, [answer]);
    const reply = chat.send(room.id, prompt);
    const events: ReplyEvent[] = [];
    for await (const event of reply) events.push(event);
    const kinds = events.map(({ type }) => type).filter((type) => type === 'thought' || type === 'delta');
    expect(kinds.indexOf('delta')).toBeGreaterThan(kinds.lastIndexOf('thought'));
    expect(kinds).toContain('thought');
    expect(events.at(-1)).toMatchObject({ type: 'done', thoughts, message: { thoughts, content: 'It is blue.' } });
    const again = chat.attach(room.id, (await reply.final()).id);
    expect((await again.final()).thoughts).toBe(thoughts);
    expect(again).toMatchObject({ thoughts, snapshot: 'It is blue.' });
  });
});

describe('sources', () => {
  it('come before the end, and point into the stored text', async () => {
    const chat = await loggedIn();
    const room = await chat.rooms.create({ title: 'Sources', search: true });
    const prompt = `Search ${newPhone()}`;
    await scriptModel(stack, prompt, [{ type: 'answer', text: 'Ünd 🌍 first. Then the rest. And more.' }]);
    const reply = chat.send(room.id, prompt);
    const message = await reply.final();
    expect(message.searchQueries).toEqual([prompt]);
    expect(message.sources.length).toBeGreaterThan(1);
    const cited = message.sources.flatMap(({ ranges }) =>
      ranges.map(({ start, end }) => message.content.slice(start, end)),
    );
    expect(cited).toContain(' Then the rest. And more.');
    const { sources, searchQueries } = message;
    expect({ sources: reply.sources, searchQueries: reply.searchQueries }).toEqual({ sources, searchQueries });
    const types: string[] = [];
    for await (const { type } of reply) types.push(type);
    expect(types.slice(-2)).toEqual(['sources', 'done']);
    const again = chat.attach(room.id, message.id);
    expect(await again.final()).toEqual(message);
    expect(again.sources).toEqual(sources);
  });
});
