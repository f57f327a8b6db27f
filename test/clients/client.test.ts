import { type ChatError, type ChatClient, createChatClient, type ReplyEvent, type Reply } from '@gemini-chat/client';
import { script as scriptModel } from '../support/messages.js';
import { newPhone } from '../support/login.js';
import { makePro } from '../support/plan.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';

// Each case waits for answers that are written slowly.
import.meta.jest.setTimeout(90_000);

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
}, 120_000);

afterAll(() => stack?.stop());

const newClient = (): ChatClient => createChatClient({ baseUrl: stack.url });

/** A client of a new user, who is logged in. */
async function loggedIn(phone = newPhone()): Promise<ChatClient> {
  const chat = newClient();
  const challenge = await chat.auth.sendCode({ phone, name: 'Ada' });
  await chat.auth.verify(challenge, challenge.otp!);
  return chat;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const read: Item[] = [];
  for await (const item of items) read.push(item);
  return read;
}

const codeOf = (step: Promise<unknown>): Promise<unknown> => step.then(String, (error: ChatError) => error.code);

/** A reply that is being written slowly, with its first words there. */
async function slowReply(chat: ChatClient, prompt: string): Promise<{ reply: Reply; roomId: string }> {
  await scriptModel(
    stack,
    prompt,
    [{ type: 'answer', text: 'word '.repeat(500), chunkSize: 5, tokensPerSecond: 20 }],
    1,
  );
  const { id: roomId } = await chat.rooms.create({ title: 'Slow' });
  const reply = chat.send(roomId, prompt);
  for await (const { type } of reply) if (type === 'delta') break;
  return { reply, roomId };
}

describe('the client', () => {
  it('logs in, converses, and finds all of it again', async () => {
    const chat = await loggedIn();
    expect(await chat.auth.session()).toMatchObject({ user: { name: 'Ada' } });
    const room = await chat.rooms.create({ title: 'Sky' });
    const events: ReplyEvent[] = await all(chat.send(room.id, 'Why is the sky blue?'));
    const [accepted, ...rest] = events;
    expect(accepted).toMatchObject({ type: 'accepted', quota: { limit: 5, remaining: 4, resetsAt: expect.any(Date) } });
    const text = rest.map((event) => (event.type === 'delta' ? event.text : '')).join('');
    expect(rest.at(-1)).toMatchObject({
      type: 'done',
      snapshot: text,
      message: { content: text, status: 'completed' },
    });
    const { messages } = await chat.rooms.get(room.id);
    expect(messages.map(({ content }) => content)).toEqual(['Why is the sky blue?', text]);
    expect(await all(chat.search('sky'))).toMatchObject([{ chatroomId: room.id }, { chatroomId: room.id }]);
    expect(await all(chat.usage())).toMatchObject([{ purpose: 'reply', calls: 1 }]);
    expect(await all(chat.rooms.list({ limit: 1 }))).toMatchObject([{ id: room.id }]);
  });

  it('stops the model and still hears how it ended', async () => {
    const chat = await loggedIn();
    const { reply } = await slowReply(chat, `Stop me ${newPhone()}`);
    await reply.stop();
    const message = await reply.final();
    expect(message).toMatchObject({ status: 'cancelled', content: reply.snapshot });
    await reply.stop();
  });

  it('stops a message that was not yet accepted when it was asked to', async () => {
    const chat = await loggedIn();
    const prompt = `Stop me at once ${newPhone()}`;
    await scriptModel(stack, prompt, [
      { type: 'answer', text: 'word '.repeat(200), chunkSize: 5, tokensPerSecond: 20 },
    ]);
    const { id } = await chat.rooms.create({ title: 'Quick' });
    const reply = chat.send(id, prompt);
    await reply.stop();
    expect((await reply.final()).status).toBe('cancelled');
  });

  it('ends the reading alone by a signal, and attaches again', async () => {
    const chat = await loggedIn();
    const prompt = `Leave me ${newPhone()}`;
    await scriptModel(stack, prompt, [{ type: 'answer', text: 'word '.repeat(30), chunkSize: 5, tokensPerSecond: 4 }]);
    const { id: roomId } = await chat.rooms.create({ title: 'Left' });
    const leaving = new AbortController();
    const left = chat.send(roomId, prompt, { signal: leaving.signal });
    const { reply } = await left.accepted;
    leaving.abort();
    expect(await codeOf(all(left))).toBe('aborted');
    const events = await all(chat.attach(roomId, reply.id));
    expect(events[0]).toMatchObject({ type: 'accepted', message: null, quota: null });
    expect(events.at(-1)).toMatchObject({
      type: 'done',
      snapshot: 'word '.repeat(30),
      message: { status: 'completed' },
    });
    const finished = await all(chat.attach(roomId, reply.id));
    expect(finished.map(({ type }) => type)).toEqual(['accepted', 'delta', 'done']);
    expect(finished.at(-1)).toEqual(events.at(-1));
  });

  it('regenerates, and lists the variants', async () => {
    const chat = await loggedIn();
    const { id: roomId } = await chat.rooms.create({ title: 'Again' });
    const first = await chat.send(roomId, 'Once more').final();
    const second = await chat.regenerate(roomId, first.id).final();
    const variants = await all(chat.replies.variants(roomId, first.replyTo!));
    expect(variants.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(await codeOf(chat.regenerate(roomId, first.id).final())).toBe('not_latest_reply');
  });

  it('says what the user thinks of a reply, and takes it back', async () => {
    const chat = await loggedIn();
    const { id: roomId } = await chat.rooms.create({ title: 'Rated' });
    const { id } = await chat.send(roomId, 'What do you think?').final();
    const feedback = async () => (await chat.replies.get(roomId, id)).feedback;
    await chat.replies.rate(roomId, id, { rating: 'down', comment: 'Not much.' });
    expect(await feedback()).toMatchObject({ rating: 'down', comment: 'Not much.' });
    await chat.replies.rate(roomId, id, { rating: null });
    expect(await feedback()).toBeNull();
    const { messages } = await chat.rooms.get(roomId);
    expect(await codeOf(chat.replies.rate(roomId, messages[0]!.id, { rating: 'up' }))).toBe('not_a_reply');
  });

  it('throws what the API refuses, with its code and when to come back', async () => {
    const chat = await loggedIn();
    const { id: roomId } = await chat.rooms.create({ title: 'Much' });
    for (let sent = 0; sent < 5; sent++) await chat.send(roomId, `Message ${sent}`).final();
    const refused = chat.send(roomId, 'One too many');
    const error = await refused.final().catch((caught: unknown) => caught as ChatError);
    expect(error).toMatchObject({ code: 'daily_quota_exceeded', status: 429, requestId: expect.any(String) });
    expect((error as ChatError).retryAfter).toBeGreaterThan(0);
    await expect(refused.accepted).rejects.toBe(error);
    await refused.stop();
    const invalid = await chat.rooms.create({ title: 'x'.repeat(1_000) }).catch((caught: unknown) => caught);
    expect(invalid).toMatchObject({ code: 'validation_failed', fields: [{ pointer: '/title' }] });
  });

  it('waits for the plan that was paid for', async () => {
    const chat = await loggedIn();
    expect(await codeOf(chat.billing.waitFor('pro', { timeoutMs: 1 }))).toBe('timeout');
    const { checkoutUrl } = await chat.billing.subscribe();
    await new StripeControl(stack.sandboxUrl).pay(checkoutUrl);
    expect(await chat.billing.waitFor('pro', { timeoutMs: 60_000 })).toMatchObject({
      plan: 'pro',
      quota: { limit: null },
    });
    const accepted = await chat.send((await chat.rooms.create({ title: 'Pro' })).id, 'Hi').accepted;
    expect(accepted.quota).toBeNull();
  });

  it('learns that its session was ended elsewhere', async () => {
    const phone = newPhone();
    const [ended, other] = [await loggedIn(phone), await loggedIn(phone)];
    const seen: unknown[] = [];
    ended.auth.onChange((session) => seen.push(session));
    await other.auth.endOtherSessions();
    expect(await all(other.auth.sessions())).toMatchObject([{ current: true }]);
    expect(await codeOf(ended.account.get())).toBe('unauthenticated');
    expect(seen).toEqual([null]);
    expect(await ended.auth.session()).toBeNull();
    await other.auth.signOut();
    expect(await codeOf(other.account.get())).toBe('unauthenticated');
  });

  it('reads on with a fresh token when the old one has expired', async () => {
    const api = await stack.add('api', { ACCESS_TOKEN_SECONDS: '1' });
    const chat = createChatClient({ baseUrl: api.url });
    const challenge = await chat.auth.sendCode({ phone: newPhone() });
    const { user } = await chat.auth.verify(challenge, challenge.otp!);
    await makePro(stack.database.url, user.id);
    const { id: roomId } = await chat.rooms.create({ title: 'Long' });
    const { reply } = await slowReply(chat, `Go on ${newPhone()}`);
    await api.restart();
    for await (const event of reply) if (event.type === 'reconnecting') break;
    const before = reply.snapshot.length;
    for await (const { snapshot } of reply) if (snapshot.length > before) break;
    await reply.stop();
    expect(await reply.final()).toMatchObject({ content: reply.snapshot, status: 'cancelled' });
    await chat.rooms.delete(roomId);
  });

  it('exports the account, and deletes it with its session', async () => {
    const chat = await loggedIn();
    expect(await chat.account.update({ name: 'Grace' })).toMatchObject({ name: 'Grace' });
    expect(JSON.parse(await chat.account.export())).toMatchObject({ account: { name: 'Grace' } });
    await chat.account.delete();
    expect(await chat.auth.session()).toBeNull();
  });
});
