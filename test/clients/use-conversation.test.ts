import { MountedHook } from '../support/react/mounted-hook.js';
import type { ChatClient } from '@gemini-chat/client';
import { type ConversationView, type ShownMessage, useConversation } from '@gemini-chat/client/react';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { png } from '../support/http/uploads.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';
import { type Message, openRoom, outcome, quotaOf, script, send } from '../support/messages.js';
import { makePro } from '../support/plan.js';
import { answerSlowly, LONG_TEXT, newReader, type Reader, SLOWLY } from '../support/react/reader.js';
import { type Stack, startStack } from '../support/stack.js';

// Each case waits for answers that are written slowly.
import.meta.jest.setTimeout(90_000);

interface Shown {
  client: ChatClient;
  roomId: string;
}

type Truthy<T> = Exclude<T, false | undefined | null>;
type Conversation = MountedHook<Shown, ConversationView>;

describe('useConversation', () => {
  let stack: Stack;
  let proxy: TcpProxy;
  let reader: Reader;
  const mounted: Conversation[] = [];

  beforeAll(async () => {
    stack = await startStack({ env: { BASIC_DAILY_MESSAGES: '4' } });
    proxy = await TcpProxy.to('127.0.0.1', Number(new URL(stack.url).port));
  }, 120_000);
  afterAll(async () => {
    await proxy?.close();
    await stack?.stop();
  });

  beforeEach(async () => {
    reader = await newReader(stack, proxy);
  });
  afterEach(() => mounted.splice(0).forEach((conversation) => conversation.unmount()));

  function show({ client, roomId }: Shown): Conversation {
    const conversation = MountedHook.mount((shown: Shown) => useConversation(shown.client, shown.roomId), {
      client,
      roomId,
    });
    mounted.push(conversation);
    return conversation;
  }

  const ready = (conversation: Conversation): Promise<boolean> =>
    until(conversation, ({ status }) => status === 'ready');

  const until = <T>(conversation: Conversation, find: (view: ConversationView) => T): Promise<Truthy<T>> =>
    eventually(() => find(conversation.view) as Truthy<T>, { withinMs: 40_000, everyMs: 10 });

  const untilAnswered = (conversation: Conversation): Promise<ShownMessage> =>
    until(conversation, ({ busy, messages }) => !busy && messages.at(-1)?.role === 'bot' && messages.at(-1));

  /** The reply that is being written, once some of its text is shown. */
  const untilWriting = (conversation: Conversation): Promise<ShownMessage> =>
    until(conversation, ({ messages }) =>
      messages.find(({ status, content }) => status === 'generating' && content.length > 8),
    );

  /** What is shown is what is stored. */
  async function expectStored({ view }: Conversation): Promise<void> {
    const { messages } = (await reader.person.http.get<{ messages: Message[] }>(`/chatroom/${reader.roomId}`)).body;
    expect(view.messages.map(({ message }) => message)).toEqual(messages);
    expect(view.messages.map(({ content }) => content)).toEqual(messages.map(({ content }) => content));
  }

  const spent = async (): Promise<number> => (await quotaOf(reader.person.http)).used;

  it('shows a message at once, the growing reply, and at the end what is stored', async () => {
    const text = 'One two three four. '.repeat(6).trim();
    await answerSlowly(stack, 'Grow', text);
    const conversation = show(reader);
    await ready(conversation);
    conversation.view.send('Grow');
    await until(conversation, ({ messages }) => messages.length > 0);
    const first = conversation.views.find(({ messages }) => messages.length > 0)?.messages[0];
    expect(first).toMatchObject({ role: 'user', content: 'Grow', status: 'sending', message: null });
    const reply = await untilAnswered(conversation);
    expect(reply).toMatchObject({ status: 'completed', content: text });
    expect(conversation.view.messages[0]?.key).toBe(first?.key);
    await expectStored(conversation);
    const texts = conversation.views.map(({ messages }) => messages[1]?.content ?? '');
    expect(new Set(texts).size).toBeGreaterThan(3);
    expect(texts.filter((text, index) => !text.startsWith(texts[index - 1] ?? ''))).toEqual([]);
    expect(conversation.view.quota).toMatchObject({ limit: 4, remaining: 3 });
    expect(await spent()).toBe(1);
  });

  it('loads once under StrictMode, and sends once over cuts and a restart of the API', async () => {
    await answerSlowly(stack, 'Cut me');
    const conversation = show(reader);
    await ready(conversation);
    expect(reader.requests.filter((each) => each === 'GET /chatroom/:id')).toHaveLength(1);
    conversation.view.send('Cut me');
    await untilWriting(conversation);
    proxy.reset();
    await eventually(() => conversation.views.some(({ messages }) => messages[1]?.reconnecting), { everyMs: 10 });
    const { content } = await until(conversation, ({ messages }) => !messages[1]?.reconnecting && messages[1]);
    await until(conversation, ({ messages }) => (messages[1]?.content.length ?? 0) > content.length);
    await stack.api().restart();
    expect(await untilAnswered(conversation)).toMatchObject({ status: 'completed', content: LONG_TEXT });
    await expectStored(conversation);
    expect(await spent()).toBe(1);
  });

  it('leaves the model alone when it is unmounted, and reads on when it is shown again', async () => {
    await answerSlowly(stack, 'Leave me');
    const before = show(reader);
    await ready(before);
    before.view.send('Leave me');
    const { content } = await untilWriting(before);
    before.unmount();
    const reloaded = { ...(await newReader(stack, proxy, reader.person.phone)), roomId: reader.roomId };
    const after = show(reloaded);
    const { content: grown } = await untilWriting(after);
    expect(grown.startsWith(content.slice(0, 4))).toBe(true);
    expect(await untilAnswered(after)).toMatchObject({ status: 'completed', content: LONG_TEXT });
    await expectStored(after);
    expect(reloaded.requests.filter((each) => each.endsWith('/stream'))).toEqual([
      'GET /chatroom/:id/message/:id/stream',
    ]);
  });

  it('has a message sent that was on its way when it was unmounted', async () => {
    const conversation = show(reader);
    await ready(conversation);
    conversation.view.send('On its way');
    conversation.unmount();
    const again = show(reader);
    expect(await untilAnswered(again)).toMatchObject({ status: 'completed' });
    await expectStored(again);
  });

  it('stops the model and keeps what it wrote', async () => {
    await answerSlowly(stack, 'Stop me');
    const conversation = show(reader);
    await ready(conversation);
    conversation.view.send('Stop me');
    await untilWriting(conversation);
    await conversation.view.stop();
    const reply = await untilAnswered(conversation);
    expect(reply.status).toBe('cancelled');
    expect(reply.content).not.toBe('');
    expect(conversation.view.error).toBeNull();
    await expectStored(conversation);
  });

  it('keeps a message that was refused, and sends it again under its own key', async () => {
    const conversation = show(reader);
    await ready(conversation);
    for (const text of ['1', '2', '3', '4', '5']) conversation.view.send(text);
    const unsent = await until(conversation, ({ messages }) => messages.find(({ status }) => status === 'unsent'));
    expect(unsent).toMatchObject({ content: '5', sendError: { code: 'daily_quota_exceeded', status: 429 } });
    expect(unsent.sendError?.retryAfter).toBeGreaterThan(0);
    await until(conversation, ({ busy }) => !busy);
    expect(conversation.view.quota?.remaining).toBe(0);
    const shown = conversation.view.messages;
    expect(shown.map(({ role }) => role)).toEqual([...Array(4).fill(['user', 'bot']), 'user'].flat());
    expect(
      shown
        .filter(({ role }) => role === 'user')
        .map(({ content }) => content)
        .join(''),
    ).toBe('12345');

    await makePro(stack.database.url, reader.person.id);
    conversation.view.resend(unsent.id);
    expect(await untilAnswered(conversation)).toMatchObject({ status: 'completed' });
    expect(conversation.view.messages.at(-2)?.key).toBe(unsent.key);
    expect(conversation.view.messages).toHaveLength(10);
    await expectStored(conversation);
  });

  it('replaces a reply by its new variant, and keeps it when that is refused', async () => {
    await script(stack, 'Vary', [
      { type: 'answer', text: 'One.' },
      { type: 'answer', text: 'Two.' },
    ]);
    const conversation = show(reader);
    await ready(conversation);
    conversation.view.send('Vary');
    const first = await untilAnswered(conversation);
    conversation.view.regenerate();
    await until(conversation, ({ messages }) => messages[1]?.content === 'Two.');
    const second = await untilAnswered(conversation);
    expect(second.id).not.toBe(first.id);
    await expectStored(conversation);
    const shown = conversation.views.map(({ messages }) => messages.length);
    expect(Math.min(...shown.slice(shown.indexOf(2)))).toBe(2);

    await send(reader.person.http, await openRoom(reader.person.http), 'Elsewhere');
    await send(reader.person.http, await openRoom(reader.person.http), 'Elsewhere');
    conversation.view.regenerate();
    const refused = await until(conversation, ({ messages }) => messages[1]?.sendError && messages[1]);
    expect(refused).toMatchObject({ id: second.id, content: 'Two.', sendError: { code: 'daily_quota_exceeded' } });
    expect(conversation.view.busy).toBe(false);
  });

  it('shows files at once, sends them, and keeps them over an edit of the message', async () => {
    const file = await reader.client.files.upload(new Uint8Array(png(4, 2)), { name: 'sky.png' });
    const conversation = show(reader);
    await ready(conversation);
    conversation.view.send('', { files: [file] });
    await until(conversation, ({ messages }) => messages.length > 0);
    const first = conversation.views.find(({ messages }) => messages.length > 0)?.messages[0];
    expect(first).toMatchObject({ status: 'sending', content: '', files: [file] });
    await untilAnswered(conversation);
    await expectStored(conversation);
    const [asked] = conversation.view.messages;
    expect(asked).toMatchObject({ key: first?.key, files: [file] });
    expect(await conversation.view.edit(asked!.id, 'What is it?')).toBe(true);
    await untilAnswered(conversation);
    await expectStored(conversation);
    expect(conversation.view.messages).toMatchObject([{ key: first?.key, content: 'What is it?', files: [file] }, {}]);
    expect(conversation.view.quota?.remaining).toBe(4 - (await spent()));
    expect(await conversation.view.edit(asked!.id, 'Once more')).toBe(false);
    expect(conversation.view.error).toMatchObject({ status: 409, code: 'not_latest_message' });
  });

  it('shows growing thoughts before the text, also after it was shown anew, and forgets those of an attempt that failed', async () => {
    const thoughts = `Let me see. ${'Hm, wörd. '.repeat(30)}So be it.`;
    await script(stack, 'Think', [
      {
        ...SLOWLY,
        tokensPerSecond: 1,
        type: 'cut',
        text: 'Void void void void.',
        thoughts: 'Void. Void. ',
        afterChunks: 5,
      },
      { ...SLOWLY, tokensPerSecond: 4, text: 'Because.', thoughts },
    ]);
    await reader.client.rooms.update(reader.roomId, { showThoughts: true });
    const before = show(reader);
    await ready(before);
    before.view.send('Think');
    await until(before, () => before.views.some(({ messages }) => messages[1]?.thoughts.startsWith('Void')));
    await until(before, () =>
      before.views.some(({ messages: [, reply] }) => reply?.thoughts.startsWith('Let me see. Hm') && !reply.content),
    );
    before.unmount();
    const conversation = show({ ...(await newReader(stack, proxy, reader.person.phone)), roomId: reader.roomId });
    expect(await untilAnswered(conversation)).toMatchObject({ content: 'Because.', thoughts });
    await expectStored(conversation);
    const shown = conversation.views.map(({ messages }) => messages[1]?.thoughts ?? '');
    expect(shown.filter((each, index) => !each.startsWith(shown[index - 1] ?? ''))).toEqual([]);
    expect(new Set(shown).size).toBeGreaterThan(3);
  });

  it('says why a reply is blocked or failed', async () => {
    await script(stack, 'Block', [{ type: 'safety' }]);
    await script(stack, 'Fail', [{ type: '400' }]);
    const conversation = show(reader);
    await ready(conversation);
    conversation.view.send('Block');
    conversation.view.send('Fail');
    await until(conversation, ({ busy, messages }) => !busy && messages.length === 4);
    const [, blocked, , failed] = conversation.view.messages;
    expect(blocked).toMatchObject({ status: 'blocked', message: { error: { code: 'reply_blocked' } } });
    expect(failed).toMatchObject({ status: 'failed', message: { error: { code: 'model_rejected_request' } } });
    await expectStored(conversation);
  });

  it('shows on reload what another device did, and reads its reply', async () => {
    await answerSlowly(stack, 'From my phone', 'Five six seven eight.');
    const conversation = show(reader);
    await ready(conversation);
    conversation.view.send('From here');
    await untilAnswered(conversation);
    const kept = conversation.view.messages;
    await send(reader.person.http, reader.roomId, 'From my phone');
    await conversation.view.reload();
    expect(await untilAnswered(conversation)).toMatchObject({ content: 'Five six seven eight.' });
    expect(conversation.view.messages.slice(0, 2)).toEqual(kept);
    await expectStored(conversation);
  });

  it('loads older messages, and keeps them over a reload', async () => {
    await insertOldMessages(120);
    const conversation = show(reader);
    await ready(conversation);
    expect(conversation.view).toMatchObject({ hasOlder: true, messages: { length: 50 } });
    await conversation.view.loadOlder();
    await conversation.view.reload();
    expect(conversation.view).toMatchObject({ hasOlder: true, messages: { length: 100 } });
    await conversation.view.loadOlder();
    expect(conversation.view.hasOlder).toBe(false);
    const texts = conversation.view.messages.map(({ content }) => content);
    expect(texts).toEqual(Array.from({ length: 120 }, (_, index) => `Message ${index + 1}`));
  });

  it('shows one room at a time, each with its own', async () => {
    const other = await openRoom(reader.person.http);
    await outcome(reader.person.http, (await send(reader.person.http, other, 'Over there')).reply);
    const conversation = show(reader);
    await ready(conversation);
    conversation.view.send('Over here');
    conversation.render({ client: reader.client, roomId: other });
    await until(conversation, ({ room }) => room?.id === other);
    expect(conversation.view.messages.map(({ content }) => content)).toContain('Over there');
    conversation.render(reader);
    await until(conversation, ({ room }) => room?.id === reader.roomId);
    await untilAnswered(conversation);
    await expectStored(conversation);
  });

  it('says that there is no such room', async () => {
    const conversation = show({ client: reader.client, roomId: '01936b2d-11f0-7a3c-8e21-9a4b7c6d5e10' });
    await until(conversation, ({ status }) => status === 'failed');
    expect(conversation.view.error).toMatchObject({ code: 'chatroom_not_found', status: 404 });
  });

  async function insertOldMessages(count: number): Promise<void> {
    const database = new pg.Client({ connectionString: stack.database.url });
    await database.connect();
    await database.query(
      `WITH room AS (UPDATE chatroom SET last_seq = $2 WHERE id = $1 RETURNING id, user_id)
       INSERT INTO message (id, chatroom_id, user_id, seq, role, status, content, created_at, completed_at)
       SELECT gen_random_uuid(), id, user_id, number, 'user', 'completed', 'Message ' || number, now(), now()
       FROM room, generate_series(1, $2) AS number`,
      [reader.roomId, count],
    );
    await database.end();
  }
});
