import { loggedInClient, type ScriptedAnswer, ScriptedApi } from '../../../test/support/http/scripted-api.js';
import { createChatClient } from './chat-client.js';
import { type ChatError, isChatError } from './errors.js';
import { newIdempotencyKey } from './idempotency-key.js';
import { platform } from './platform.js';

const failureOf = (step: Promise<unknown>): Promise<ChatError> =>
  step.then(
    () => {
      throw new Error('It succeeded');
    },
    (error: unknown) => error as ChatError,
  );

const unavailable: ScriptedAnswer = {
  status: 503,
  headers: { 'Retry-After': '0' },
  json: { code: 'service_unavailable' },
};

describe('a call', () => {
  it('that reads is repeated when the connection fails or the API is away', async () => {
    const answers = [null, unavailable, { json: { id: 'r' } }];
    const { api, chat } = await loggedInClient(() => answers.shift()!);
    expect(await chat.rooms.get('r', { limit: 5 })).toEqual({ id: 'r' });
    expect(new Set(api.requests)).toEqual(new Set(['GET /chatroom/r?limit=5']));
    expect(api.calls).toHaveLength(3);
  });

  it('that would do something twice is not', async () => {
    const { api, chat } = await loggedInClient(() => null);
    expect(await failureOf(chat.rooms.create())).toMatchObject({ code: 'connection', status: 0, requestId: null });
    expect((await failureOf(chat.account.delete())).code).toBe('connection');
    expect(api.requests).toEqual(['POST /chatroom', 'DELETE /user/me']);
  });

  it('that edits is repeated under its key, and one that forks is not', async () => {
    const accepted = { message: { id: 'n' }, reply: { id: 'b' } };
    const answers = [null, unavailable, { status: 202, json: accepted }, null];
    const { api, chat } = await loggedInClient(() => answers.shift()!);
    expect(await chat.edit('r', 'm', 'Anew', { idempotencyKey: 'own' })).toEqual(accepted);
    expect((await failureOf(chat.rooms.fork('r', 'n'))).code).toBe('connection');
    const edit = 'POST /chatroom/r/message/m/edit';
    expect(api.requests).toEqual([edit, edit, edit, 'POST /chatroom/r/fork']);
    const keys = api.calls.map(({ headers }) => headers['Idempotency-Key']);
    expect(keys).toEqual(['own', 'own', 'own', undefined]);
  });

  it('that deletes has succeeded when the answer got lost and nothing is left', async () => {
    const answers = [null, { status: 404, json: { code: 'chatroom_not_found' } }];
    const { chat } = await loggedInClient(() => answers.shift()!);
    await chat.rooms.delete('r');
    const { chat: other } = await loggedInClient(() => ({ status: 404, json: { code: 'chatroom_not_found' } }));
    expect((await failureOf(other.rooms.delete('r'))).code).toBe('chatroom_not_found');
  });

  it('ends after its time', async () => {
    const { chat } = await loggedInClient(() => new Promise<never>(() => undefined), { timeoutMs: 20 });
    expect(await failureOf(chat.rooms.create())).toMatchObject({ code: 'timeout' });
  });

  it('tells what was wrong, and what to quote', async () => {
    const errors = [{ pointer: '/title', detail: 'is too long' }];
    const headers = { 'X-Request-Id': 'abc', 'Retry-After': '7' };
    const { chat } = await loggedInClient(() => ({
      status: 400,
      headers,
      json: { code: 'validation_failed', detail: 'No.', errors },
    }));
    const error = await failureOf(chat.rooms.update('r', { title: 'x' }));
    expect(error).toMatchObject({
      code: 'validation_failed',
      message: 'No.',
      status: 400,
      requestId: 'abc',
      retryAfter: 7,
      fields: errors,
    });
    expect(isChatError(error)).toBe(true);
    expect(isChatError(new Error('code'))).toBe(false);
  });

  it('that a proxy answers is told apart', async () => {
    const { chat } = await loggedInClient(() => ({ status: 403 }));
    expect(await failureOf(chat.models())).toMatchObject({ code: 'unexpected_answer', status: 403 });
  });
});

describe('a list', () => {
  it('reads page after page, and ends', async () => {
    const pages = [
      { items: [1, 2], nextCursor: 'a b' },
      { items: [], nextCursor: 'c' },
      { items: [3], nextCursor: 'c' },
    ];
    const { api, chat } = await loggedInClient(() => ({ json: pages.shift() }));
    const read: unknown[] = [];
    for await (const room of chat.rooms.list({ archived: false })) read.push(room);
    expect(read).toEqual([1, 2, 3]);
    expect(api.requests.map((request) => request.slice('GET /chatroom?'.length))).toEqual([
      'archived=false',
      'archived=false&cursor=a%20b',
      'archived=false&cursor=c',
    ]);
  });

  it('gives single pages, too', async () => {
    const { api, chat } = await loggedInClient(() => ({ json: { items: [], nextCursor: null } }));
    await chat.search('blue & sky').page('z');
    expect(api.requests).toEqual(['GET /search?q=blue%20%26%20sky&cursor=z']);
  });
});

describe('a share', () => {
  const answered = () => loggedInClient(() => ({ json: { items: [], nextCursor: null } }));

  it('is made, listed and ended at its room, and read by its token alone', async () => {
    const { api, chat } = await answered();
    await chat.shares.create('r');
    await chat.shares.list('r').page();
    await chat.shares.revoke('r', 'a/b');
    await chat.shares.read('a/b');
    expect(api.requests).toEqual([
      'POST /chatroom/r/share',
      'GET /chatroom/r/share',
      'DELETE /chatroom/r/share/a%2Fb',
      'GET /shared/a%2Fb',
    ]);
  });
});

describe('waiting for a plan', () => {
  it('bears an API that is away for a moment', async () => {
    const answers = [unavailable, null, { json: { plan: 'basic' } }, { json: { plan: 'pro' } }];
    const { chat } = await loggedInClient(() => answers.shift()!);
    expect(await chat.billing.waitFor('pro')).toEqual({ plan: 'pro' });
  });

  it('ends by the signal', async () => {
    const { chat } = await loggedInClient(() => ({ json: { plan: 'basic' } }));
    const leaving = new AbortController();
    const waiting = failureOf(chat.billing.waitFor('pro', { signal: leaving.signal }));
    leaving.abort();
    expect((await waiting).code).toBe('aborted');
  });
});

describe('a client', () => {
  it('needs to know where the API is, unless a page says it', () => {
    expect(() => createChatClient()).toThrow(TypeError);
    expect(() => createChatClient({ baseUrl: 'http://localhost:8000/' })).not.toThrow();
  });

  it('refuses an idempotency key that the API would not take', () => {
    const chat = new ScriptedApi(() => null).client();
    expect(() => chat.send('r', 'Hi', { idempotencyKey: 'ключ' })).toThrow(TypeError);
  });

  it('makes keys that are UUIDs, with and without a source of random bytes', () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(newIdempotencyKey()).toMatch(form);
    const { crypto } = platform;
    Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
    const keys = new Set(Array.from({ length: 50 }, newIdempotencyKey));
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    expect(keys.size).toBe(50);
    for (const key of keys) expect(key).toMatch(form);
  });
});

it('takes the platform’s own fetch, and options that are undefined', () => {
  const none = undefined as AbortSignal | undefined;
  const client = createChatClient({ baseUrl: 'http://127.0.0.1:9', fetch, storage: undefined, reconnectForMs: 0 });
  const reply = client.send('room', 'Hello', { signal: none });
  return expect(reply.final()).rejects.toMatchObject({ code: 'unauthenticated' });
});
