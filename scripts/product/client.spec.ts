import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { type ScriptedAnswer, ScriptedApi, tokens } from '../../test/support/http/scripted-api.js';
import { bundledClient } from './client.mjs';

/** What a page loads for the core. */
const MOST_BYTES = 8_000;

/** All that React Native has with Expo, and the client may use: no stream classes, no `AbortSignal.any`, no `crypto`, no `URL`. */
class BareAbortController {
  private readonly inner = new AbortController();
  readonly signal = Object.assign(Object.create(null) as object, {
    aborted: false,
    addEventListener: (type: 'abort', listener: () => void) => this.inner.signal.addEventListener(type, listener),
    removeEventListener: (type: 'abort', listener: () => void) => this.inner.signal.removeEventListener(type, listener),
  });

  abort(): void {
    this.signal.aborted = true;
    this.inner.abort();
  }
}

const message = { id: 'a', chatroomId: 'r', role: 'bot', content: 'Hi 🌍', status: 'completed' };
const event = (type: string, data: object, id: string): string =>
  `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

describe('the bundled client', () => {
  it('is small', async () => {
    const text = await bundledClient({ minify: true });
    expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(MOST_BYTES);
  });

  it('needs nothing of its platform but timers, AbortController and TextDecoder', async () => {
    const stream: ScriptedAnswer[] = [
      { parts: [event('accepted', { reply: message }, '0'), event('delta', { text: 'Hi ' }, '1')], then: 'break' },
      { parts: [event('delta', { text: '🌍' }, '2'), event('done', message, '3')] },
    ];
    const api = new ScriptedApi(({ path }) => (path.endsWith('otp') ? tokens(1) : stream.shift()!));
    const platform = { AbortController: BareAbortController, TextDecoder, setTimeout, clearTimeout };
    const context = createContext({ ...platform, api, log: [] as unknown[] });
    for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly'])
      runInContext(`delete globalThis.${name}`, context);
    const text = await bundledClient({ format: 'iife', globalName: 'client' });
    runInContext(text, context);
    const converse = `(async () => {
      const chat = client.createChatClient({ baseUrl: '', fetch: api.fetch });
      await chat.auth.verify({ challengeId: 'c' }, '123456');
      for await (const { type, snapshot } of chat.send('r', 'Hi')) log.push([type, snapshot]);
      const leaving = new AbortController();
      const left = chat.send('r', 'Hi', { signal: leaving.signal });
      leaving.abort();
      await left.final().catch((error) => log.push([error.code, client.isChatError(error)]));
      return log;
    })()`;
    expect(await runInContext(converse, context)).toEqual([
      ['accepted', ''],
      ['delta', 'Hi '],
      ['reconnecting', 'Hi '],
      ['delta', 'Hi 🌍'],
      ['done', 'Hi 🌍'],
      ['aborted', true],
    ]);
  });
});
