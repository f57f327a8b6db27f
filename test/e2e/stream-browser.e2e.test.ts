import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page, Request } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/http/browser.js';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Message, openRoom, outcome, read, script, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';

const inABrowser = describeInBrowser('reading a stream in a page is skipped');

const root = new URL('../../', import.meta.url);

/** What the page records for the test. */
interface Reading {
  /** The reply's text after each event. */
  texts: string[];
  done?: Message;
  error?: string;
}

inABrowser('a page of another origin, with the reader of docs/streaming.md,', () => {
  let stack: Stack;
  let proxy: TcpProxy;
  let app: Server;
  let browser: Browser;
  let page: Page;
  let person: Person;
  /** The requests for a stream that the page has sent. */
  let requests: Request[];

  beforeAll(async () => {
    app = await serveApp();
    browser = await launchBrowser();
    stack = await startStack({ env: { CORS_ORIGINS: originOf(app) } });
    proxy = await TcpProxy.to('127.0.0.1', Number(new URL(stack.url).port));
    person = await signUpAndLogIn(stack.http);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await proxy?.close();
    app?.close();
    await stack?.stop();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    // The page's clock is controlled by the test, so that timeouts pass at once.
    await page.clock.install();
    requests = [];
    page.on('request', (request) => void (request.url().endsWith('/stream') && requests.push(request)));
    await page.goto(originOf(app));
  });
  afterEach(() => page.close());

  /** Starts a reply that takes so many seconds, and waits until the page has begun to read it. */
  async function beginToRead(prompt: string, seconds: number): Promise<Message> {
    const text = 'wörd 🌍 世界 '.repeat((seconds * 12 * 4) / 10);
    await script(stack, prompt, [{ type: 'answer', text, tokensPerSecond: 12, chunkSize: 4 }]);
    const { reply } = await send(person.http, await openRoom(person.http), prompt);
    await startReading(reply, person);
    await eventually(async () => (await reading()).texts.length > 3);
    return reply;
  }

  /** Through the proxy. */
  async function startReading({ chatroomId, id }: Message, { tokens }: Person): Promise<void> {
    const url = `http://127.0.0.1:${proxy.port}/chatroom/${chatroomId}/message/${id}/stream`;
    await page.evaluate(`startReading(${JSON.stringify(url)}, ${JSON.stringify(tokens.accessToken)})`);
  }

  const reading = (): Promise<Reading> => page.evaluate('reading');

  const untilDone = (): Promise<Message> =>
    eventually(
      async () => {
        const { done, error } = await reading();
        expect(error).toBeUndefined();
        return done as Message;
      },
      { withinMs: 60_000 },
    );

  /** The page has the whole reply, and read no part of it twice. */
  async function expectWhole(reply: Message, done: Message): Promise<void> {
    const { texts } = await reading();
    const stored = await read(person.http, reply);
    expect(stored.status).toBe('completed');
    expect(done).toEqual(stored);
    expect(texts.at(-1)).toBe(stored.content);
    expect(texts.filter((text, index) => !text.startsWith(texts[index - 1] ?? ''))).toEqual([]);
    expect(requests.slice(1).map((request) => request.headers()['last-event-id'])).not.toContain(undefined);
  }

  it('reads a reply to its end through a connection that is reset twice while it is written', async () => {
    // Long enough to be written still after both, also on a busy machine.
    const reply = await beginToRead('Cut me', 20);
    for (let cut = 1; cut <= 2; cut++) {
      proxy.reset();
      await eventually(() => requests.length === cut + 1);
      const before = (await reading()).texts.length;
      await eventually(async () => (await reading()).texts.length > before);
    }
    expect((await read(person.http, reply)).status).toBe('generating');
    await expectWhole(reply, await untilDone());
  }, 90_000);

  it('gives up a connection that receives nothing any more, and reads the rest on another', async () => {
    // The page's time passes by the test alone.
    await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 60_000);
    const reply = await beginToRead('Half-open', 5);
    proxy.set('half-open');
    await outcome(person.http, reply);
    // The stream's heartbeat comments may be as far apart.
    await page.clock.fastForward(15_000);
    expect(requests).toHaveLength(1);
    await page.clock.fastForward(15_000);
    await page.clock.resume();
    await eventually(() => requests.length === 2);
    proxy.mend();
    await expectWhole(reply, await untilDone());
  }, 90_000);

  it('reports at once that there is no such reply', async () => {
    const { reply } = await send(person.http, await openRoom(person.http), 'Mine alone');
    const otherUser = await signUpAndLogIn(stack.http);
    await startReading(reply, otherUser);
    expect(await eventually(async () => (await reading()).error)).toContain('404');
    expect(requests).toHaveLength(1);
  });
});

/** Serves a page with the documented reader, and the parser that it imports. */
async function serveApp(): Promise<Server> {
  const parser = 'node_modules/eventsource-parser/dist';
  const files: Record<string, { type: string; content: string }> = {
    '/': { type: 'text/html', content: pageWith(await documentedReader()) },
    '/parser/stream.js': { type: 'text/javascript', content: await contentOf(`${parser}/stream.js`) },
    '/parser/index.js': { type: 'text/javascript', content: await contentOf(`${parser}/index.js`) },
  };
  const server = createServer((request, response) => {
    const { type, content } = files[request.url ?? ''] ?? { type: 'text/plain', content: '' };
    response.setHeader('content-type', `${type}; charset=utf-8`).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const contentOf = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');

/** The code from docs/streaming.md, so that the documented code is known to work. */
async function documentedReader(): Promise<string> {
  const [, code] = /```js\n(.*?)```/s.exec(await contentOf('docs/streaming.md')) ?? [];
  if (code?.includes('function readReply(') !== true) throw new Error('docs/streaming.md shows no reader.');
  return code;
}

function pageWith(reader: string): string {
  return `<!doctype html>
<script type="importmap">{ "imports": { "eventsource-parser/stream": "/parser/stream.js" } }</script>
<script type="module">
${reader}
window.startReading = (url, token) => {
  window.reading = { texts: [] };
  readReply(url, token, (text) => reading.texts.push(text)).then(
    (done) => (reading.done = done),
    (error) => (reading.error = String(error)),
  );
};
</script>`;
}
