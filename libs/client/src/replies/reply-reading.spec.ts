import { eventually } from '../../../../test/support/eventually.js';
import {
  loggedInClient,
  type Script,
  type ScriptedAnswer,
  tokens,
} from '../../../../test/support/http/scripted-api.js';
import { Api } from '../requests/api.js';
import type { ChatError } from '../errors.js';
import { Http } from '../requests/http.js';
import { Login } from '../session/login.js';
import { ReplyReading } from './reply-reading.js';
import { ReplyRecord } from './reply-record.js';
import { KeptSession } from '../session/session-storage.js';
import type { ChatClientOptions, Reply, ReplyEvent } from '../types.js';

const message = { id: 'q', chatroomId: 'r', role: 'user', status: 'completed', content: 'Hi' };
const queued = { id: 'a', chatroomId: 'r', role: 'bot', status: 'queued', content: '' };
const completed = { ...queued, status: 'completed', content: 'Hello' };

const event = (type: string, data: unknown, id = type): string =>
  `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
const ACCEPTED = `retry: 1\n${event('accepted', { message, reply: queued }, '0')}`;
const delta = (text: string, id: string): string => event('delta', { text }, id);
const thought = (text: string, id: string): string => event('thought', { text }, id);
const SOURCE = { title: 'Sky', uri: 'https://sky.example/', ranges: [{ start: 0, end: 5 }] };
const DONE = event('done', completed);
const unavailable: ScriptedAnswer = { status: 503, json: { code: 'service_unavailable' } };

/** Answers one after the other. */
const inTurn = (answers: (ScriptedAnswer | null)[], options?: ChatClientOptions) =>
  loggedInClient((_, index) => answers[index] ?? { status: 500, json: { code: 'internal_error' } }, options);

async function read(reply: Reply): Promise<{ events: ReplyEvent[]; error: ChatError | null }> {
  const events: ReplyEvent[] = [];
  try {
    for await (const now of reply) events.push(now);
    return { events, error: null };
  } catch (error) {
    return { events, error: error as ChatError };
  }
}

const typesOf = ({ events }: { events: ReplyEvent[] }): string[] => events.map(({ type }) => type);

describe('sending', () => {
  it('reads the text, of which each event has the whole so far', async () => {
    const headers = {
      'RateLimit-Policy': '"write";q=10;w=60, "daily-messages";q=5;w=86400',
      RateLimit: '"write";r=1;t=2, "daily-messages";r=4;t=60',
    };
    const parts = [
      ACCEPTED,
      delta('Hel', '1'),
      delta('lo', '2'),
      event('reset', {}, '3'),
      delta('Hello', '4'),
      event('tool', []),
      DONE,
    ];
    const { chat } = await inTurn([{ parts, headers }]);
    const reply = chat.send('r', 'Hi');
    const { events } = await read(reply);
    expect(events.map(({ snapshot }) => snapshot)).toEqual(['', 'Hel', 'Hello', '', 'Hello', 'Hello']);
    expect(events[0]).toMatchObject({ message, reply: queued, quota: { limit: 5, remaining: 4 } });
    expect(await read(reply)).toEqual({ events, error: null });
    expect(await reply.final()).toEqual(completed);
  });

  it('reads thoughts and sources, which a reset makes void with the text', async () => {
    const parts = [
      ACCEPTED,
      thought('Void', '1'),
      event('sources', { sources: [SOURCE], searchQueries: ['void'] }, '2'),
      event('reset', {}, '3'),
      thought('Let me ', '4'),
      delta('Hel', '5'),
      thought('see', '6'),
      delta('lo', '7'),
      event('sources', { sources: [SOURCE], searchQueries: ['sky'] }, '8'),
      DONE,
    ];
    const { chat } = await inTurn([{ parts: parts.slice(0, 3) }, { parts: parts.slice(3) }]);
    const reply = chat.send('r', 'Hi');
    const { events } = await read(reply);
    expect(
      events.filter(({ type }) => type !== 'reconnecting').map((now) => [now.type, now.thoughts, now.snapshot]),
    ).toEqual([
      ['accepted', '', ''],
      ['thought', 'Void', ''],
      ['sources', 'Void', ''],
      ['reset', '', ''],
      ['thought', 'Let me ', ''],
      ['delta', 'Let me ', 'Hel'],
      ['thought', 'Let me see', 'Hel'],
      ['delta', 'Let me see', 'Hello'],
      ['sources', 'Let me see', 'Hello'],
      ['done', 'Let me see', 'Hello'],
    ]);
    expect(events.at(-2)).toMatchObject({ sources: [SOURCE], searchQueries: ['sky'] });
    expect(reply).toMatchObject({ thoughts: 'Let me see', sources: [SOURCE], searchQueries: ['sky'] });
    expect(await read(reply)).toEqual({ events, error: null });
  });

  it('goes on behind a thought as behind text', async () => {
    const { api, chat } = await inTurn([
      { parts: [ACCEPTED, thought('Let ', '1-0-3')], then: 'break' },
      { parts: [thought('me', '1-0-5'), DONE] },
    ]);
    const { events } = await read(chat.send('r', 'Hi'));
    expect(events.at(-1)).toMatchObject({ type: 'done', thoughts: 'Let me' });
    expect(api.calls[1]?.headers['Last-Event-ID']).toBe('1-0-3');
  });

  it('knows of no source after a reset', async () => {
    const told = event('sources', { sources: [SOURCE], searchQueries: ['void'] }, '1');
    const { chat } = await inTurn([{ parts: [ACCEPTED, told, event('reset', {}, '2'), DONE] }]);
    const reply = chat.send('r', 'Hi');
    await reply.final();
    expect(reply).toMatchObject({ thoughts: '', sources: [], searchQueries: [] });
  });

  it('repeats the very same request until the API has told which reply it is', async () => {
    const { api, chat } = await inTurn([
      null,
      unavailable,
      { parts: [ACCEPTED.slice(0, -3)], then: 'break' },
      { parts: [ACCEPTED, DONE] },
    ]);
    expect(typesOf(await read(chat.send('r', 'Hi')))).toEqual([
      'reconnecting',
      'reconnecting',
      'reconnecting',
      'accepted',
      'done',
    ]);
    const [first, ...others] = api.calls.map((call) => ({ ...call, signal: null }));
    expect(first).toMatchObject({ method: 'POST', path: '/chatroom/r/message/stream', body: '{"content":"Hi"}' });
    for (const other of others) expect(other).toEqual(first);
  });

  it('goes on behind the last event of the reply, and can not send again', async () => {
    const { api, chat } = await inTurn([
      { parts: [ACCEPTED, delta('Hel', '1-3')], then: 'break' },
      null,
      { parts: ['retry: 1\n', delta('lo', '1-5'), delta(' …', '1-6').slice(0, 20)] },
      { parts: [event('reset', {}, '2-0'), delta('Hello', '2-5'), DONE] },
    ]);
    const { events } = await read(chat.send('r', 'Hi'));
    expect(events.at(-1)).toMatchObject({ type: 'done', snapshot: 'Hello' });
    expect(api.requests.slice(1)).toEqual(Array.from({ length: 3 }, () => 'GET /chatroom/r/message/a/stream'));
    expect(api.calls.map(({ headers }) => headers['Last-Event-ID'])).toEqual([undefined, '1-3', '1-3', '1-5']);
  });

  it('waits as long as a limit asks, and goes on', async () => {
    const limited = { status: 429, headers: { 'Retry-After': '1' }, json: { code: 'too_many_streams' } };
    const { chat } = await inTurn([limited, { parts: [ACCEPTED, DONE] }]);
    const beganAt = Date.now();
    expect(typesOf(await read(chat.send('r', 'Hi')))).toEqual(['reconnecting', 'accepted', 'done']);
    expect(Date.now() - beganAt).toBeGreaterThanOrEqual(1_000);
  });

  it('waits out a maintenance that is short', async () => {
    const closed = { status: 503, headers: { 'Retry-After': '1' }, json: { code: 'maintenance' } };
    const { chat } = await inTurn([closed, { parts: [ACCEPTED, DONE] }]);
    const beganAt = Date.now();
    expect(typesOf(await read(chat.send('r', 'Hi')))).toEqual(['reconnecting', 'accepted', 'done']);
    expect(Date.now() - beganAt).toBeGreaterThanOrEqual(1_000);
  });

  it.each([
    [503, 'maintenance', '300'],
    [429, 'daily_quota_exceeded', '40000'],
    [429, 'rate_limited', '61'],
    [503, 'capacity_reached', '5'],
    [404, 'chatroom_not_found', '0'],
    [422, 'idempotency_key_reused', '0'],
  ])('throws a refusal that waiting does not change: %i %s', async (status, code, seconds) => {
    const { api, chat } = await inTurn([{ status, headers: { 'Retry-After': seconds }, json: { code } }]);
    const reply = chat.send('r', 'Hi');
    const { error } = await read(reply);
    expect(error).toMatchObject({ code, status, retryAfter: Number(seconds) });
    await expect(reply.accepted).rejects.toBe(error);
    await expect(reply.final()).rejects.toBe(error);
    await reply.stop();
    expect(api.calls).toHaveLength(1);
  });

  it('gives up after a time without progress', async () => {
    const { api, chat } = await loggedInClient(() => null, { reconnectForMs: 1_500 });
    const reply = chat.send('r', 'Hi');
    expect((await read(reply)).error).toMatchObject({ code: 'connection' });
    await expect(reply.stop()).rejects.toMatchObject({ code: 'connection' });
    expect(api.calls.length).toBeGreaterThan(1);
  });

  it('throws what the API last said, when it has been away all the time', async () => {
    const { chat } = await loggedInClient(() => unavailable, { reconnectForMs: 1_000 });
    expect((await read(chat.send('r', 'Hi'))).error).toMatchObject({ code: 'service_unavailable', status: 503 });
  });

  it('ends by its signal at once, whatever it waits for', async () => {
    const scripts: Script[] = [
      () => null,
      () => ({ parts: [ACCEPTED], then: 'hang' }),
      () => new Promise<never>(() => undefined),
    ];
    for (const script of scripts) {
      const { chat } = await loggedInClient(script);
      const leaving = new AbortController();
      const reading = read(chat.send('r', 'Hi', { signal: leaving.signal }));
      setTimeout(() => leaving.abort(), 20);
      expect((await reading).error).toMatchObject({ code: 'aborted' });
    }
    const { api, chat } = await loggedInClient(() => null);
    expect((await read(chat.send('r', 'Hi', { signal: AbortSignal.abort() }))).error).toMatchObject({
      code: 'aborted',
    });
    expect(api.calls).toEqual([]);
  });

  it('ends by its signal while the token is refreshed, and sends nothing', async () => {
    let refreshed: (answer: ScriptedAnswer) => void = () => undefined;
    const { api, chat } = await loggedInClient(
      () => new Promise((resolve) => (refreshed = resolve)),
      {},
      { expiresIn: 0 },
    );
    const leaving = new AbortController();
    const reading = read(chat.send('r', 'Hi', { signal: leaving.signal }));
    await eventually(() => api.requests.length > 0);
    leaving.abort();
    expect((await reading).error).toMatchObject({ code: 'aborted' });
    refreshed(tokens(2));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(api.requests).toEqual(['POST /auth/refresh']);
  });

  it('stops the model once the message is accepted, and lets the end arrive', async () => {
    const cancelled = { ...completed, status: 'cancelled' };
    let stopped: () => void = () => undefined;
    const stopping = new Promise<void>((resolve) => (stopped = resolve));
    const { api, chat } = await loggedInClient(async ({ path }) => {
      if (path.endsWith('/message/stream')) return { parts: [ACCEPTED], then: 'break' };
      if (path.endsWith('/cancel')) stopped();
      else await stopping;
      return path.endsWith('/cancel') ? { json: cancelled } : { parts: [event('done', cancelled)] };
    });
    const reply = chat.send('r', 'Hi');
    await reply.stop();
    expect(await reply.final()).toEqual(cancelled);
    expect(api.requests).toContain('POST /chatroom/r/message/a/cancel');
  });
});

describe('attaching', () => {
  it('reads from the start', async () => {
    const { api, chat } = await inTurn([{ json: queued }, { parts: [delta('Hello', '1'), DONE] }]);
    const { events } = await read(chat.attach('r', 'a'));
    expect(events).toMatchObject([
      { type: 'accepted', message: null, quota: null },
      { type: 'delta' },
      { type: 'done' },
    ]);
    expect(api.requests).toEqual(['GET /chatroom/r/message/a', 'GET /chatroom/r/message/a/stream']);
  });

  it('reads the stored reply where nothing is left to stream', async () => {
    const { chat } = await inTurn([{ json: queued }, { status: 204 }, { json: completed }]);
    const { events } = await read(chat.attach('r', 'a'));
    expect(events.map(({ type, snapshot }) => [type, snapshot])).toEqual([
      ['accepted', ''],
      ['delta', 'Hello'],
      ['done', 'Hello'],
    ]);
  });

  it('reads the stored thoughts and sources in place of others', async () => {
    const stored = { ...completed, thoughts: 'Let me see', sources: [SOURCE], searchQueries: ['sky'] };
    const { chat } = await inTurn([
      { json: queued },
      { parts: [thought('Void', '1')] },
      { status: 204 },
      { json: stored },
    ]);
    const reply = chat.attach('r', 'a');
    expect(typesOf(await read(reply))).toEqual([
      'accepted',
      'thought',
      'reconnecting',
      'reset',
      'thought',
      'delta',
      'sources',
      'done',
    ]);
    expect(reply).toMatchObject({
      snapshot: 'Hello',
      thoughts: 'Let me see',
      sources: [SOURCE],
      searchQueries: ['sky'],
    });
  });

  it('tells once what was searched for, where nothing was found', async () => {
    const told = event('sources', { sources: [], searchQueries: ['sky'] }, '2');
    const { chat } = await inTurn([
      { json: queued },
      { parts: [delta('Hello', '1'), told] },
      { status: 204 },
      { json: { ...completed, searchQueries: ['sky'] } },
    ]);
    expect(typesOf(await read(chat.attach('r', 'a')))).toEqual([
      'accepted',
      'delta',
      'sources',
      'reconnecting',
      'done',
    ]);
  });

  it('refuses a message that is no reply', async () => {
    const { chat } = await inTurn([{ json: message }]);
    expect((await read(chat.attach('r', 'q'))).error).toMatchObject({ code: 'message_not_found' });
  });

  it('says which fetch is needed where this one can not stream', async () => {
    const { chat } = await inTurn([{ json: queued }, { parts: null }]);
    const { error } = await read(chat.attach('r', 'a'));
    expect(error).toMatchObject({ code: 'unexpected_answer', message: expect.stringContaining('expo/fetch') });
  });
});

describe('a silent connection', () => {
  it('is given up, and one with signs of life is not', async () => {
    const parts = [[ACCEPTED], [': still here\n\n', delta('Hello', '1'), DONE]];
    const { api } = await loggedInClient(() => ({ parts: parts.shift()!, then: 'hang' }));
    const http = new Http('', api.fetch, 1_000);
    const login = new Login(new KeptSession(undefined, 'key'), http);
    await login.begin({ accessToken: 'a', refreshToken: 'b', expiresIn: 900 } as Parameters<Login['begin']>[0]);
    const record = new ReplyRecord(async () => undefined);
    const origin = { roomId: 'r', post: { path: '/x', idempotencyKey: 'k' } };
    await new ReplyReading(new Api(http, login), origin, record, 60_000, undefined, 50).run();
    expect(typesOf(await read(record))).toEqual(['accepted', 'reconnecting', 'delta', 'done']);
  });
});
