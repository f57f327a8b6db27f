import { eventually } from '../../../../test/support/eventually.js';
import { loggedInClient, type Script } from '../../../../test/support/http/scripted-api.js';
import type { ChatFile } from '../types.js';
import { conversationStore, shownStore } from './conversation-stores.js';
import type { ConversationStore } from './conversation-store.js';

const message = { id: 'q', chatroomId: 'r', role: 'user', status: 'completed', content: 'Hi' };
const queued = { id: 'a', chatroomId: 'r', role: 'bot', status: 'queued', content: '', replyTo: 'q' };
const accepted = `event: accepted\nid: 0\ndata: ${JSON.stringify({ message, reply: queued })}\n\n`;

/** A room that is shown, whose messages are answered so. */
async function shown(answerMessage: Script) {
  const { api, chat } = await loggedInClient((call, index) => {
    if (call.path.endsWith('/cancel')) return { json: { ...queued, status: 'cancelled' } };
    return call.method === 'GET' ? { json: { id: 'r', messages: [], nextCursor: null } } : answerMessage(call, index);
  });
  const store: ConversationStore = conversationStore(chat, 'r');
  const hide = store.subscribe(() => undefined);
  await store.reload();
  return { api, chat, store, hide };
}

describe('the store of a room', () => {
  it('stops a message in the very moment in which it is sent', async () => {
    const { api, store, hide } = await shown(() => ({ parts: [accepted], then: 'hang' }));
    store.send('Hi');
    await store.stop();
    expect(api.requests.at(-1)).toBe('POST /chatroom/r/message/a/cancel');
    expect(store.getView().messages.at(-1)?.status).toBe('cancelled');
    hide();
  });

  it('says once why a message was refused that was to be stopped', async () => {
    const { store, hide } = await shown(() => ({ status: 429, json: { code: 'daily_quota_exceeded' } }));
    store.send('Hi');
    await store.stop();
    expect(store.getView()).toMatchObject({ error: null, messages: [{ sendError: { code: 'daily_quota_exceeded' } }] });
    hide();
  });

  it('shows a rating at once, sends ratings in order, and shows again what was said before one that is refused', async () => {
    const answered = { ...queued, status: 'completed', content: 'Hello', feedback: null };
    let refused = false;
    const { api, chat } = await loggedInClient(({ method }) => {
      if (method === 'GET') return { json: { id: 'r', messages: [message, answered], nextCursor: null } };
      return refused ? { status: 409, json: { code: 'reply_in_progress' } } : { status: 204 };
    });
    const store = conversationStore(chat, 'r');
    const hide = store.subscribe(() => undefined);
    await store.reload();
    const shownRating = () => store.getView().messages.at(-1)?.message?.feedback?.rating;
    const ratings = [store.rate('a', { rating: 'up' }), store.rate('a', { rating: 'down', comment: 'No' })];
    expect(shownRating()).toBe('down');
    expect(await Promise.all(ratings)).toEqual([true, true]);
    const sent = api.calls.filter(({ method }) => method === 'PUT');
    expect(sent.map(({ path }) => path)).toEqual(Array(2).fill('/chatroom/r/message/a/feedback'));
    expect(sent.map(({ body }) => JSON.parse(body ?? '') as unknown)).toEqual([
      { rating: 'up', comment: null },
      { rating: 'down', comment: 'No' },
    ]);
    refused = true;
    expect(await store.rate('a', { rating: null })).toBe(false);
    expect([shownRating(), store.getView().error?.code]).toEqual(['down', 'reply_in_progress']);
    hide();
  });

  it('shows the files of a message at once, and sends them again with it', async () => {
    const file = { id: 'f', name: 'a.png' } as ChatFile;
    let isRefused = true;
    const { api, store, hide } = await shown(() =>
      isRefused ? { status: 404, json: { code: 'file_not_found' } } : { parts: [accepted], then: 'hang' },
    );
    store.send('Hi', { files: [file, 'g'] });
    expect(store.getView().messages).toMatchObject([{ status: 'sending', content: 'Hi', files: [file] }]);
    const unsent = await eventually(() => store.getView().messages.find(({ status }) => status === 'unsent'));
    isRefused = false;
    store.resend((unsent as { id: string }).id);
    await eventually(() => store.getView().messages.at(-1)?.id === 'a');
    const sent = api.calls.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body!) as unknown);
    expect(sent).toEqual(Array(2).fill({ content: 'Hi', files: ['f', 'g'] }));
    hide();
  });

  it('puts an edited message in the place of the old one, and reads its reply', async () => {
    const anew = { message: { ...message, id: 'q2', content: 'Anew' }, reply: { ...queued, id: 'a2', replyTo: 'q2' } };
    const done = { ...anew.reply, status: 'completed', content: 'Hello' };
    let isRefused = true;
    const { api, chat } = await loggedInClient(({ method, path }) => {
      if (method === 'POST') return isRefused ? { status: 409, json: { code: 'not_latest_message' } } : { json: anew };
      if (path.endsWith('/stream')) return { parts: [`event: done\nid: 1\ndata: ${JSON.stringify(done)}\n\n`] };
      if (path.endsWith('/a2')) return { json: anew.reply };
      return { json: { id: 'r', messages: [message, { ...done, id: 'a', replyTo: 'q' }], nextCursor: null } };
    });
    const store = conversationStore(chat, 'r');
    const hide = store.subscribe(() => undefined);
    await store.reload();
    expect(await store.edit('q', 'Anew')).toBe(false);
    expect(store.getView()).toMatchObject({ error: { code: 'not_latest_message' }, busy: false });
    isRefused = false;
    const edited = store.edit('q', 'Anew', { files: [{ id: 'f' } as ChatFile, 'g'] });
    expect(store.getView()).toMatchObject({ error: null, busy: true });
    expect(await edited).toBe(true);
    await eventually(() => store.getView().messages.at(-1)?.status === 'completed');
    expect(store.getView().messages).toMatchObject([
      { key: 'q', id: 'q2', content: 'Anew' },
      { id: 'a2', content: 'Hello' },
    ]);
    expect(api.calls.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body!) as unknown)).toEqual(
      [{ content: 'Anew' }, { content: 'Anew', files: ['f', 'g'] }],
    );
    hide();
  });

  it.each([
    ['is refused since another was there before', { status: 409, json: { code: 'not_latest_message' } }],
    ['gets no answer', null],
  ])('reads what there is when an edit %s, and still says why', async (_, answer) => {
    let messages = [message, { ...queued, status: 'completed', content: 'Hello' }];
    const { api, chat } = await loggedInClient(({ method }) =>
      method === 'POST' ? answer : { json: { id: 'r', messages, nextCursor: null } },
    );
    const store = conversationStore(chat, 'r');
    const hide = store.subscribe(() => undefined);
    await store.reload();
    messages = messages.map((each) => ({ ...each, id: `${each.id}2`, replyTo: `${each.id}2` }));
    const loadings = api.requests.length;
    expect(await store.edit('q', 'Anew')).toBe(false);
    const code = answer === null ? 'connection' : 'not_latest_message';
    expect(store.getView()).toMatchObject({ error: { code }, busy: false });
    await eventually(() => store.getView().messages[0]?.id === 'q2');
    expect(store.getView().error?.code).toBe(code);
    expect(api.requests.slice(loadings).filter((each) => each.startsWith('GET'))).toHaveLength(1);
    await store.reload();
    expect(store.getView().error).toBeNull();
    hide();
  });

  it('is forgotten at the next login, which it hears of only where it is shown', async () => {
    const { chat, store, hide } = await shown(() => null);
    hide();
    let listeners = 0;
    const { onChange } = chat.auth;
    chat.auth.onChange = (listener) => {
      listeners++;
      return onChange(listener);
    };
    const { subscribe } = shownStore(chat, 'r');
    expect(listeners).toBe(0);
    for (let times = 0; times < 2; times++) subscribe(() => undefined)();
    expect(listeners).toBe(1);
    expect(conversationStore(chat, 'r')).toBe(store);
    await chat.auth.signOut();
    expect(conversationStore(chat, 'r')).not.toBe(store);
  });
});
