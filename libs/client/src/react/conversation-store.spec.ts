import { loggedInClient, type Script } from '../../../../test/support/http/scripted-api.js';
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
