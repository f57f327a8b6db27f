import { MountedHook } from '../support/react/mounted-hook.js';
import { type UseChatHelpers, useChat } from '@ai-sdk/react';
import { type ChatClient, isChatError } from '@gemini-chat/client';
import { type ChatMessage, createChatTransport, type LoadedMessages } from '@gemini-chat/client/ai-sdk';
import { eventually } from '../support/eventually.js';
import { png } from '../support/http/uploads.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';
import { type Message, openRoom, outcome, quotaOf, read, script, send } from '../support/messages.js';
import { makePro } from '../support/plan.js';
import { answerSlowly, LONG_TEXT, newReader, type Reader, SLOWLY } from '../support/react/reader.js';
import { type Stack, startStack } from '../support/stack.js';

// Each case waits for answers that are written slowly.
import.meta.jest.setTimeout(90_000);

interface Shown {
  client: ChatClient;
  roomId: string;
  loaded: LoadedMessages;
}

type Chat = MountedHook<Shown, UseChatHelpers<ChatMessage>>;

/** How each reply ended, as `onFinish` tells it. */
const finishes: { id: string; finishReason: string | undefined }[] = [];

function useRoom({ client, roomId, loaded }: Shown): UseChatHelpers<ChatMessage> {
  return useChat<ChatMessage>({
    id: roomId,
    messages: loaded.messages,
    resume: loaded.unfinished,
    // A new one at each rendering, as an app may do.
    transport: createChatTransport(client),
    onFinish: ({ message, finishReason }) => finishes.push({ id: message.id, finishReason }),
  });
}

const textOf = (message: ChatMessage | undefined): string =>
  (message?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');

describe('useChat with our transport', () => {
  let stack: Stack;
  let proxy: TcpProxy;
  let reader: Reader;
  const mounted: Chat[] = [];

  beforeAll(async () => {
    stack = await startStack({ env: { BASIC_DAILY_MESSAGES: '3' } });
    proxy = await TcpProxy.to('127.0.0.1', Number(new URL(stack.url).port));
  }, 120_000);
  afterAll(async () => {
    await proxy?.close();
    await stack?.stop();
  });

  beforeEach(async () => {
    reader = await newReader(stack, proxy);
  });
  afterEach(() => mounted.splice(0).forEach((chat) => chat.unmount()));

  /** Opens the room as a page does that is loaded. */
  async function show({ client, roomId }: Reader): Promise<Chat> {
    const loaded = await createChatTransport(client).loadMessages(roomId);
    const chat = MountedHook.mount(useRoom, { client, roomId, loaded });
    mounted.push(chat);
    await chat.mounted;
    return chat;
  }

  const untilSettled = (chat: Chat, status: 'ready' | 'error' = 'ready'): Promise<ChatMessage> =>
    eventually(
      () => {
        const { error } = chat.view;
        if (status === 'ready' && error) throw error;
        return chat.view.status === status && chat.view.messages.at(-1);
      },
      { withinMs: 40_000, everyMs: 10 },
    ) as Promise<ChatMessage>;

  /** The text that is shown, once there is some of the reply. */
  const untilWriting = (chat: Chat): Promise<string> =>
    eventually(
      () => {
        expect(chat.view.status).toBe('streaming');
        const shown = chat.view.messages.at(-1);
        return shown?.role === 'assistant' && textOf(shown).length > 8 && textOf(shown);
      },
      { everyMs: 10 },
    ) as Promise<string>;

  async function stored(): Promise<Message[]> {
    return (await reader.person.http.get<{ messages: Message[] }>(`/chatroom/${reader.roomId}`)).body.messages;
  }

  /** What is shown is what is stored. */
  async function expectStored(chat: Chat): Promise<void> {
    const messages = await stored();
    expect(chat.view.messages.map(textOf)).toEqual(messages.map(({ content }) => content));
    const reply = messages.at(-1);
    const shown = chat.view.messages.at(-1);
    expect(shown?.id).toBe(reply?.id);
    expect(shown?.metadata).toMatchObject({ status: reply?.status, usage: reply?.usage, error: reply?.error });
  }

  const spent = async (): Promise<number> => (await quotaOf(reader.person.http)).used;

  it('shows exactly what is stored, over cuts and a restart of the API, for one charge', async () => {
    await answerSlowly(stack, 'Cut me');
    const chat = await show(reader);
    void chat.view.sendMessage({ text: 'Cut me' });
    const before = await untilWriting(chat);
    proxy.reset();
    await eventually(() => textOf(chat.view.messages.at(-1)).length > before.length, { withinMs: 20_000 });
    await stack.api().restart();
    expect(textOf(await untilSettled(chat))).toBe(LONG_TEXT);
    await expectStored(chat);
    expect(chat.view.messages.at(-1)?.metadata?.quota).toMatchObject({ limit: 3, remaining: 2 });
    expect(finishes.at(-1)).toEqual({ id: chat.view.messages.at(-1)?.id, finishReason: 'stop' });
    expect(await spent()).toBe(1);
  });

  it('forgets the text of an attempt that was given up', async () => {
    await script(stack, 'Stumble', [
      { ...SLOWLY, tokensPerSecond: 1, type: 'cut', text: 'Void void void void.', afterChunks: 5 },
      { ...SLOWLY, text: 'Whole and true.' },
    ]);
    const chat = await show(reader);
    await chat.view.sendMessage({ text: 'Stumble' });
    expect(textOf(await untilSettled(chat))).toBe('Whole and true.');
    const texts = chat.views.map(({ messages }) => textOf(messages[1]));
    expect(texts.some((text) => text.startsWith('Void'))).toBe(true);
    await expectStored(chat);
  });

  it('stops the model, and shows all that it wrote', async () => {
    await answerSlowly(stack, 'Stop me');
    const chat = await show(reader);
    void chat.view.sendMessage({ text: 'Stop me' });
    await untilWriting(chat);
    await createChatTransport(reader.client).stop(reader.roomId);
    expect((await untilSettled(chat)).metadata?.status).toBe('cancelled');
    await expectStored(chat);
  });

  it('leaves the model alone when it is unmounted, and reads on once after a reload', async () => {
    await answerSlowly(stack, 'Leave me');
    const chat = await show(reader);
    void chat.view.sendMessage({ text: 'Leave me' });
    await untilWriting(chat);
    chat.unmount();
    const [, reply] = await stored();
    expect((await read(reader.person.http, reply!)).status).toBe('generating');
    const reloaded = { ...(await newReader(stack, proxy, reader.person.phone)), roomId: reader.roomId };
    const again = await show(reloaded);
    await untilWriting(again);
    expect(textOf(await untilSettled(again))).toBe(LONG_TEXT);
    await expectStored(again);
    expect(reloaded.requests.filter((each) => each.endsWith('/stream'))).toHaveLength(1);
    expect(await spent()).toBe(1);
  });

  it('has a message sent that was on its way when it was unmounted', async () => {
    const chat = await show(reader);
    void chat.view.sendMessage({ text: 'On its way' });
    await eventually(() => chat.views.some(({ status }) => status === 'submitted'), { everyMs: 1 });
    chat.unmount();
    await eventually(async () => (await stored()).length === 2);
    const [, reply] = await stored();
    expect((await outcome(reader.person.http, reply!)).status).toBe('completed');
  });

  it('says by a code why a message was refused, and sends it by regenerate, once', async () => {
    for (const text of ['1', '2', '3']) await send(reader.person.http, await openRoom(reader.person.http), text);
    const chat = await show(reader);
    void chat.view.sendMessage({ text: 'Refused at first' });
    await untilSettled(chat, 'error');
    const { error } = chat.view;
    expect(isChatError(error) && error).toMatchObject({ code: 'daily_quota_exceeded', status: 429 });
    expect((error as { retryAfter?: number }).retryAfter).toBeGreaterThan(0);
    await makePro(stack.database.url, reader.person.id);
    void chat.view.regenerate();
    await eventually(() => chat.view.messages.length === 2);
    await untilSettled(chat);
    await expectStored(chat);
    expect(chat.view.messages).toHaveLength(2);
  });

  it('regenerates the latest reply, and has an older one refused until the room is loaded again', async () => {
    await script(stack, 'Vary', [
      { type: 'answer', text: 'One.' },
      { type: 'answer', text: 'Two.' },
    ]);
    const chat = await show(reader);
    await chat.view.sendMessage({ text: 'Vary' });
    const first = await untilSettled(chat);
    expect(textOf(first)).toBe('One.');
    await chat.view.regenerate();
    const second = await untilSettled(chat);
    expect([textOf(second), second.id === first.id]).toEqual(['Two.', false]);
    await chat.view.sendMessage({ text: 'Next' });
    await eventually(() => chat.view.messages.length === 4);
    await untilSettled(chat);
    await chat.view.regenerate({ messageId: second.id });
    await untilSettled(chat, 'error');
    expect(chat.view.error).toMatchObject({ code: 'not_latest_reply', status: 409 });
    chat.view.setMessages((await createChatTransport(reader.client).loadMessages(reader.roomId)).messages);
    await eventually(() => chat.view.messages.length === 4);
    await expectStored(chat);
  });

  it('regenerates a reply of a page that was loaded before', async () => {
    await outcome(reader.person.http, (await send(reader.person.http, reader.roomId, 'Before')).reply);
    const chat = await show(reader);
    const [, before] = chat.view.messages;
    await chat.view.regenerate();
    expect((await untilSettled(chat)).id).not.toBe(before?.id);
    await expectStored(chat);
    expect(await stored()).toHaveLength(2);
  });

  it('ends a blocked reply as filtered, and a failed one as an error with its code', async () => {
    await script(stack, 'Block', [{ type: 'safety' }]);
    await script(stack, 'Fail', [{ type: '400' }]);
    const chat = await show(reader);
    await chat.view.sendMessage({ text: 'Block' });
    const blocked = await untilSettled(chat);
    expect(blocked.metadata).toMatchObject({ status: 'blocked', error: { code: 'reply_blocked' } });
    expect(finishes.at(-1)).toEqual({ id: blocked.id, finishReason: 'content-filter' });
    await chat.view.sendMessage({ text: 'Fail' });
    const failed = await untilSettled(chat, 'error');
    expect(failed.metadata).toMatchObject({ status: 'failed', error: { code: 'model_rejected_request' } });
    expect(chat.view.error?.message).toBe(failed.metadata?.error?.detail);
    await expectStored(chat);
  });

  it('uploads the files of a message, and shows them after a reload', async () => {
    const transport = createChatTransport(reader.client);
    const picture = png(4, 2);
    const url = `data:image/png;base64,${picture.toString('base64')}`;
    const there = await reader.client.files.upload(new Uint8Array(png(2, 4)), { name: 'there.png' });
    const files = [
      { type: 'file' as const, mediaType: 'image/png', filename: 'sky.png', url },
      transport.filePart(there),
    ];
    const chat = await show(reader);
    await chat.view.sendMessage({ text: 'What are these?', files });
    await untilSettled(chat);
    await expectStored(chat);
    const [message] = await stored();
    expect(message?.files).toMatchObject([{ name: 'sky.png', width: 4, height: 2 }, there]);
    const { messages } = await transport.loadMessages(reader.roomId);
    expect(messages[0]?.parts).toEqual([
      ...message!.files.map((file) => transport.filePart(file)),
      { type: 'text', text: 'What are these?', state: 'done' },
    ]);
    const [part] = messages[0]!.parts;
    expect(part).toMatchObject({ url: reader.client.files.contentUrl(message!.files[0]!.id), filename: 'sky.png' });
    expect(Buffer.from(await (await reader.client.files.content(message!.files[0]!.id)).arrayBuffer())).toEqual(
      picture,
    );
  });

  it('shows thoughts as reasoning, those of the last attempt alone', async () => {
    const thoughts = 'Let me see. It is so. ';
    await script(stack, 'Think', [
      { ...SLOWLY, tokensPerSecond: 1, type: 'cut', text: 'Void void.', thoughts: 'Void. Void. ', afterChunks: 4 },
      { ...SLOWLY, text: 'Because.', thoughts },
    ]);
    await reader.client.rooms.update(reader.roomId, { showThoughts: true });
    const chat = await show(reader);
    const sending = chat.view.sendMessage({ text: 'Think' });
    await eventually(
      () => chat.views.some(({ messages }) => JSON.stringify(messages[1]?.parts ?? []).includes('Void')),
      { withinMs: 40_000, everyMs: 10 },
    );
    await sending;
    const parts = (await untilSettled(chat)).parts.filter(({ type }) => type !== 'step-start');
    expect(parts).toMatchObject([
      { type: 'reasoning', text: thoughts, state: 'done' },
      { type: 'text', text: 'Because.', state: 'done' },
    ]);
    await expectStored(chat);
    const [, reply] = (await createChatTransport(reader.client).loadMessages(reader.roomId)).messages;
    expect(reply?.parts).toMatchObject([
      { type: 'reasoning', text: thoughts },
      { type: 'text', text: 'Because.' },
    ]);
  });

  it('refuses to edit a message that was accepted, which would send it once more', async () => {
    const chat = await show(reader);
    await chat.view.sendMessage({ text: 'As it is' });
    await untilSettled(chat);
    const [message] = chat.view.messages;
    await chat.view.sendMessage({ text: 'Otherwise', messageId: String(message?.id) });
    await untilSettled(chat, 'error');
    expect(chat.view.error?.message).toContain('edited');
    expect(await stored()).toHaveLength(2);
  });
});
