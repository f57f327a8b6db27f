import 'reflect-metadata';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually } from '../../../../test/support/eventually.js';
import { GeminiSandbox } from '../../../../test/support/gemini-sandbox.js';
import { asking, geminiAt, hear } from '../../../../test/support/model/heard.js';
import { type ModelFile, UnreadableFileError } from '../model/language-model.port.js';
import { GEMINI_SDKS, type GeminiConfig } from './gemini.config.js';

// What the port promises of files holds over each SDK: one suite for all.

const MIB = 1_048_576;

/** All that a test may take the place of but `setTimeout`, by which calls are limited. */
const ALL_BUT_LIMITS = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval'] as const),
];

let sandbox: GeminiSandbox;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  sandbox = await GeminiSandbox.start();
  process.on('unhandledRejection', onUnhandled);
});
afterEach(() => sandbox.reset());
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  await sandbox.stop();
});

/** A file in a store that gives its bytes in chunks of some length. */
const fileOf = (content: Buffer, mediaType = 'image/png', chunk = 1_000, bytes = content.length): ModelFile => ({
  ...{ mediaType, bytes, tokens: 258 },
  open: (signal) => Readable.from(chunksOf(content, chunk), { signal, highWaterMark: 1 }),
});

function* chunksOf(content: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += length) yield content.subarray(at, at + length);
}

/** What the sandbox says that it got. */
const told = (content: Buffer, mediaType = 'image/png'): string =>
  `${mediaType}, ${content.length} bytes, ${createHash('sha256').update(content).digest('hex').slice(0, 8)}`;

describe.each(GEMINI_SDKS)('files that Gemini is shown over %s', (sdk) => {
  const modelAt = (url: string, settings: Partial<GeminiConfig> = {}) => geminiAt(url, sdk, settings);
  const hearOf = (request: Parameters<typeof asking>[0]) => hear(modelAt(sandbox.url), asking(request));

  it('arrive as they are stored, before the text that is about them', async () => {
    const picture = randomBytes(68);
    const { text, end } = await hearOf({ prompt: 'What is it?', files: [fileOf(picture)] });
    expect(text).toBe(`Turn 1. You said: "What is it?". I got: ${told(picture)}.`);
    expect(end?.usage?.promptTokens).toBe(258 + 3);
    const [request] = await sandbox.requests();
    expect(request?.contents).toMatchObject([
      { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', bytes: 68 } }, { text: 'What is it?' }] },
    ]);
  });

  it.each([1, 2, 3, 4, 5, 64, 1_000])('arrive whole whatever their lengths and those of chunks: %i', async (chunk) => {
    const contents = [1, 2, 3, 4, 100, 1_001].map((length) => randomBytes(length));
    const { text } = await hearOf({ files: contents.map((content) => fileOf(content, 'application/pdf', chunk)) });
    expect(text).toContain(` I got: ${contents.map((content) => told(content, 'application/pdf')).join('; ')}.`);
  });

  it('arrive without a text', async () => {
    const picture = randomBytes(10);
    const { text } = await hearOf({ prompt: '', files: [fileOf(picture)] });
    expect(text).toBe(`Turn 0. You said: "". I got: ${told(picture)}.`);
    const [request] = await sandbox.requests();
    expect(request?.contents[0]?.parts).toHaveLength(1);
  });

  it('arrive with the questions before', async () => {
    const [first, second] = [randomBytes(7), randomBytes(8)];
    await hearOf({
      history: [
        { role: 'user', text: 'One', files: [fileOf(first), fileOf(second, 'audio/mpeg')] },
        { role: 'model', text: 'Yes' },
      ],
      prompt: 'And now?',
    });
    const [request] = await sandbox.requests();
    const sent = [
      { inlineData: { mimeType: 'image/png', bytes: 7 } },
      { inlineData: { mimeType: 'audio/mpeg', bytes: 8 } },
      { text: 'One' },
    ];
    expect(request?.contents).toMatchObject([
      { role: 'user', parts: sent },
      { role: 'model', parts: [{ text: 'Yes' }] },
      { role: 'user', parts: [{ text: 'And now?' }] },
    ]);
  });

  it('are counted in tokens', async () => {
    const model = modelAt(sandbox.url);
    const asked = asking({ prompt: '', files: [fileOf(randomBytes(100))] });
    await expect(model.countTokens(asked, new AbortController().signal)).resolves.toBe(258);
  });

  it('are read anew when a request is sent again', async () => {
    const request = asking({ files: [fileOf(randomBytes(100))] });
    await sandbox.script({ type: '503' }, {}, 1);
    expect((await hear(modelAt(sandbox.url), request)).error).toMatchObject({ failure: 'unavailable' });
    expect((await hear(modelAt(sandbox.url), request)).text).toContain('I got: image/png, 100 bytes');
  });

  it('of a hundred megabytes never are in memory', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = () => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const { url, stop } = await startSink();
    const before = used();
    let most = 0;
    const file = {
      ...{ mediaType: 'application/pdf', bytes: 60 * MIB, tokens: 258 },
      open: () =>
        Readable.from(
          (function* () {
            for (let chunk = 0; chunk < 240; chunk++) {
              if (chunk % 24 === 0) most = Math.max(most, used() - before);
              yield Buffer.alloc(MIB / 4, chunk);
            }
          })(),
          { highWaterMark: 1 },
        ),
    };
    const { error } = await hear(modelAt(url), asking({ files: [file, { ...file }] }));
    await stop();
    expect(error).toMatchObject({ failure: 'rejected' });
    expect(most).toBeLessThan(40 * MIB);
  });

  it('have no time limit of their own while they are taken', async () => {
    const [limitMs, chunkMs] = [4_000, 1_500];
    // Only the time of limits is moved, so that a machine that stands still reaches none.
    const { jest } = import.meta;
    jest.useFakeTimers({ doNotFake: ALL_BUT_LIMITS });
    let takenMs = 0;
    const slow = {
      ...fileOf(Buffer.alloc(60)),
      // A stream reads one chunk ahead: the time of two is less than the limit.
      open: () =>
        Readable.from(
          (function* () {
            for (let chunk = 0; chunk < 6; chunk++) {
              jest.advanceTimersByTime(chunkMs);
              takenMs += chunkMs;
              yield Buffer.alloc(10);
            }
          })(),
          { highWaterMark: 1 },
        ),
    };
    const { text } = await hear(
      modelAt(sandbox.url, { GEMINI_FIRST_BYTE_TIMEOUT_MS: limitMs }),
      asking({ files: [slow] }),
    ).finally(() => jest.useRealTimers());
    expect(text).toContain('60 bytes');
    expect(takenMs).toBeGreaterThan(2 * limitMs);
  });

  it('that a store never gives end the call in time', async () => {
    const silent = { ...fileOf(Buffer.alloc(60)), open: (signal: AbortSignal) => new Readable({ signal, read() {} }) };
    const { error } = await hear(
      modelAt(sandbox.url, { GEMINI_FIRST_BYTE_TIMEOUT_MS: 200 }),
      asking({ files: [silent] }),
    );
    expect(error).toMatchObject({ failure: 'unavailable', message: 'No sign of the model within 200 ms' });
  });

  it('are read no further once the call is given up', async () => {
    const stop = new AbortController();
    let stream: Readable | null = null;
    const file = {
      ...fileOf(Buffer.alloc(MIB)),
      open: (signal: AbortSignal) => {
        stream = new Readable({ signal, read: () => undefined });
        stream.push(Buffer.alloc(1_000));
        stop.abort('cancelled');
        return stream;
      },
    };
    const heard = await hear(modelAt(sandbox.url), asking({ files: [file] }), { signal: stop.signal });
    expect(heard.error).toBe('cancelled');
    await eventually(() => stream?.destroyed);
  });

  it('are read no further once the model has refused them, however early', async () => {
    const { url, stop } = await startSink((_request, response) => response.writeHead(429).end('{}'));
    let stream: Readable | null = null;
    const endless = {
      ...fileOf(Buffer.alloc(MIB)),
      open: (signal: AbortSignal) => {
        stream = new Readable({ signal, read: () => undefined });
        stream.push(Buffer.alloc(1_000));
        return stream;
      },
    };
    const { error } = await hear(modelAt(url), asking({ files: [endless] }));
    await stop();
    expect(error).toMatchObject({ failure: 'rate_limited' });
    await eventually(() => stream?.destroyed);
  });

  it.each([
    ['fails', (content: Buffer) => ({ ...fileOf(content), open: failing })],
    ['is not there', (content: Buffer) => ({ ...fileOf(content), open: notConfigured })],
    ['ends too early', (content: Buffer) => fileOf(content, 'image/png', 1_000, content.length + 1)],
    ['ends too late', (content: Buffer) => fileOf(content, 'image/png', 1_000, content.length - 1)],
    ['has nothing', () => fileOf(Buffer.alloc(0), 'image/png', 1_000, 10)],
  ])('are not taken for whole where the store %s', async (_, broken) => {
    const file = broken(randomBytes(5_000));
    const { error } = await hearOf({ files: [fileOf(randomBytes(10)), file] });
    expect(error).toBeInstanceOf(UnreadableFileError);
    expect(error).toMatchObject({ failure: 'unavailable', isRefusal: true, file, cause: expect.any(Error) });
    expect((error as Error).message).not.toContain('secret');
    expect(await sandbox.requests({ method: 'any' })).toEqual([]);
  });

  it('left no rejection behind that would have ended the process', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
});

const failing = (): Readable =>
  Readable.from(
    (function* () {
      yield Buffer.alloc(1_000);
      throw new Error('secret');
    })(),
  );

const notConfigured = (): Readable => {
  throw new Error('secret');
};

const refuse: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(400).end('{}'));
};

/** A server that answers so, if nothing else by refusing what it has read to the end. */
async function startSink(answer: RequestListener = refuse): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => void (server.close(() => resolve()), server.closeAllConnections())),
  };
}
