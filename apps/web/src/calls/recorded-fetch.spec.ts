import type { Fetch } from '@gemini-chat/client';
import { CallLog } from './call-log.js';
import type { CallRecord } from './call-record.js';
import { Connection } from './connection.js';
import { curlOf } from './curl.js';
import { recordedOver } from './recorded-fetch.js';

const ORIGIN = 'http://localhost:8000';
const SEND = { method: 'POST', headers: { Authorization: 'Bearer aaaaaaaaaa.secret', 'Idempotency-Key': 'key' } };

let log: CallLog;
let via: Connection;

beforeEach(() => {
  log = new CallLog();
  via = new Connection();
});

/** The answer of a server, whose stream the test writes. */
function served(body: BodyInit | null, headers: Record<string, string> = {}, status = 200): Fetch {
  const respond = (_: string, { signal }: { signal: AbortSignal }): Promise<Response> => {
    signal.throwIfAborted();
    return Promise.resolve(new Response(body, { status, headers }));
  };
  return recordedOver(respond, log, via, ORIGIN);
}

const init = (more: object = {}) => ({ ...SEND, signal: new AbortController().signal, ...more });

/** Waits until the log shows what is expected. */
const shown = (test: (calls: readonly CallRecord[]) => boolean): Promise<readonly CallRecord[]> =>
  new Promise((resolve) => {
    const check = (): void => {
      const calls = log.shown.get();
      if (!test(calls)) return;
      stop();
      resolve(calls);
    };
    const stop = log.shown.subscribe(check);
    check();
  });

const event = (id: string, name: string, data: string): string => `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;

async function readAll(fetch: Fetch, url: string, more: object = {}): Promise<string> {
  const reader = (await fetch(url, init(more))).body!.getReader();
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read())
    text += new TextDecoder().decode(part.value);
  return text;
}

describe('A recorded call', () => {
  it('shows what was sent and answered, but no token', async () => {
    const answer = JSON.stringify({
      accessToken: 'access-token-secret',
      refreshToken: 'refresh-token-secret',
      user: {},
    });
    const fetch = served(answer, { 'X-Request-Id': 'r1', 'Content-Type': 'application/json', Server: 'x' });
    const body = '{"refreshToken":"refresh-token-secret"}';
    expect(await (await fetch('/auth/refresh', init({ body }))).text()).toBe(answer);
    const [call] = await shown(([first]) => first?.state === 'ended');
    expect(call).toMatchObject({ method: 'POST', path: '/auth/refresh', status: 200, thread: 'key' });
    expect(call!.responseHeaders).toEqual([
      ['Content-Type', 'application/json'],
      ['X-Request-Id', 'r1'],
    ]);
    expect(JSON.stringify(call)).not.toContain('secret');
    expect(curlOf(call!)).toBe(
      [
        `curl -X POST 'http://localhost:8000/auth/refresh'`,
        `-H "Authorization: Bearer $TOKEN"`,
        `-H 'Idempotency-Key: key'`,
        `-d '{"refreshToken":"'"$REFRESH_TOKEN"'"}'`,
      ].join(' \\\n  '),
    );
  });

  it('quotes what a shell would read in a command', async () => {
    await (await served('')('/chatroom', init({ body: `{"content":"it's $HOME"}` }))).text();
    const [call] = await shown((calls) => calls.length === 1);
    expect(curlOf(call!)).toContain(`-d '{"content":"it'\\''s $HOME"}'`);
  });

  it('of an upload shows the file’s name and size, and no byte of it', async () => {
    const head = 'Content-Disposition: form-data; name="file"; filename="a%22b, it\'s.txt"\r\nContent-Type: text/plain';
    const body = new Blob(['--b\r\n', head, '\r\n\r\n', 'secret bytes'.repeat(1_000), '\r\n--b--\r\n']);
    const headers = { ...SEND.headers, 'Content-Type': 'multipart/form-data; boundary=b' };
    await (await served('{}', {}, 201)('/file', init({ body, headers }))).text();
    const [call] = await shown(([first]) => first?.state === 'ended');
    expect(call).toMatchObject({ requestBody: `file: a"b, it's.txt (12 kB)` });
    expect(JSON.stringify(call)).not.toMatch(/secret bytes|boundary/);
    expect(curlOf(call!)).toContain(`-F 'file=@"a\\"b, it'\\''s.txt"'`);
  });

  it('has the events of a stream, many thoughts as one line, too', async () => {
    const thoughts = Array.from({ length: 100 }, (_, index) => event(`1-${index}`, 'thought', '{"text":"…"}'));
    const fetch = served([event('a', 'accepted', '{}'), ...thoughts].join(''), { 'Content-Type': 'text/event-stream' });
    await readAll(fetch, '/chatroom/1/message/stream');
    const [call] = await shown(([first]) => first?.state === 'ended');
    expect(call!.events).toHaveLength(40);
    expect(call!.folded).toMatchObject({ count: 61, firstId: '1-0' });
  });

  it('has the events of a stream, many deltas folded, and gives on every byte', async () => {
    const deltas = Array.from({ length: 100 }, (_, index) => event(`1-${index}`, 'delta', '{"text":"…"}'));
    const text = ['retry: 500\n\n: hi\n\n', event('a', 'accepted', '{}'), ...deltas, event('d', 'done', '{}')].join('');
    const fetch = served(text, { 'Content-Type': 'text/event-stream' });
    expect(await readAll(fetch, '/chatroom/1/message/stream')).toBe(text);
    const [call] = await shown(([first]) => first?.state === 'ended');
    expect(call!.events).toHaveLength(40);
    expect([call!.events[0]!.name, call!.events.at(-1)!.name]).toEqual(['accepted', 'done']);
    expect(call!.folded).toEqual({ count: 62, firstId: '1-0', lastId: '1-61' });
  });

  it('is cut as a lost network would, and the next of its thread says that it goes on', async () => {
    const accepted = event('a', 'accepted', '{"message":{"id":"m"},"reply":{"id":"reply","chatroomId":"1"}}');
    const hanging = (_: string, { signal }: { signal: AbortSignal }): Promise<Response> => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(accepted));
          signal.addEventListener('abort', () => controller.error(new DOMException('Aborted', 'AbortError')));
        },
      });
      return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
    };
    const fetch = recordedOver(hanging, log, via, ORIGIN);
    const reading = readAll(fetch, '/chatroom/1/message/stream');
    await shown(([first]) => first?.events.length === 1);
    expect(via.cut()).toBe(1);
    await expect(reading).rejects.toThrow(TypeError);
    const text = await readAll(served(''), '/chatroom/1/message/reply/stream', { method: 'GET', headers: {} });
    expect(text).toBe('');
    const [first, second] = await shown((calls) => calls.length === 2);
    expect([first!.state, second!.continues]).toEqual(['cut', first!.id]);
    expect(via.cut()).toBe(0);
  });

  it('that its caller ends is closed, and not cut', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(served('')('/chatroom', init({ signal: controller.signal }))).rejects.toThrow('aborted');
    await shown(([first]) => first?.state === 'closed');
  });

  it('does not get through while offline', async () => {
    via.goOffline(50);
    await expect(served('')('/chatroom', init())).rejects.toThrow(TypeError);
    await new Promise<void>((resolve) => void via.offline.subscribe(resolve));
    expect((await served('')('/chatroom', init())).status).toBe(200);
  });

  it('is kept with 99 others', async () => {
    for (let index = 0; index < 120; index++) await (await served('')(`/chatroom/${index}`, init())).text();
    const calls = await shown((all) => all.at(-1)?.path === '/chatroom/119');
    expect(calls).toHaveLength(100);
    log.clear();
    await shown((all) => all.length === 0);
  });
});
