import { type Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { InlineFiles } from './inline-files.js';
import { sharedTurn } from './text-turn.js';

/** The longest body of an error or a count, in UTF-16 code units. Gemini's have some hundred. */
const MAX_JSON_LENGTH = 1024 * 1024;

/** The longest text that waits to be read, in UTF-16 code units: beyond it the server has to wait. */
const MAX_WAITING_LENGTH = 64 * 1024;

/** The part of `fetch` that Gemini's SDKs use. */
type Fetch = (url: string, init: { method: string; headers: Headers; body: string }) => Promise<Answer>;

/** The part of a `Response` that the SDKs use. */
interface Answer extends Pick<Response, 'ok' | 'status' | 'statusText' | 'headers' | 'json' | 'text'> {
  body: {
    /** For `@google/generative-ai`, which decodes a body as UTF-8 here; that has been done already. */
    pipeThrough(): { getReader(): TextReader };
    /** For `@google/genai`, which decodes by itself. */
    getReader(): Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'releaseLock'>;
  };
}

type TextReader = Pick<ReadableStreamDefaultReader<string>, 'read'>;

/**
 * A `fetch` over `node:http(s)` for the SDKs, which know no other way to send. Node's own spends half of a streamed call's
 * processor time in web streams and closes connections after 4 seconds without a request (docs/adr/0029).
 *
 * @param agent keeps the connections; of the protocol of the addresses asked for
 * @param signal closes the connection, also that of an answer under way
 * @param files whose marks in a body give way to their bytes while it is sent (docs/adr/0041)
 */
export const fetchOver =
  (agent: Agent, signal: AbortSignal, files: InlineFiles | null = null): Fetch =>
  async (url, { method, headers: given, body }) => {
    const streamed = files?.fill(body) ?? null;
    const headers = {
      ...Object.fromEntries(given),
      ...(streamed === null ? {} : { 'content-length': String(streamed.length) }),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.startsWith('http:') ? httpRequest : httpsRequest;
      const request = send(url, { method, headers, agent, signal }, resolve);
      // What happens after the answer has begun is met by its reader.
      request.on('error', reject);
      if (streamed === null) request.end(body);
      else pipeline(streamed.chunks, request).catch(reject);
    });
    const { statusCode: status = 0, statusMessage: statusText = '' } = response;
    const reader = textReader(response);
    return {
      ok: status >= 200 && status < 300,
      status,
      statusText,
      headers: new Headers({ 'content-type': response.headers['content-type'] ?? '' }),
      json: async () => JSON.parse(await readAll(reader)) as unknown,
      text: () => readAll(reader),
      body: { pipeThrough: () => ({ getReader: () => reader }), getReader: () => encoded(reader) },
    };
  };

/**
 * Reads a body as it arrives, in parts that one turn of the event loop has time for. What came before a broken connection is
 * read before the error.
 */
function textReader(body: IncomingMessage): TextReader {
  const decoder = new TextDecoder('utf8', { fatal: true });
  let text = '';
  let wake = (): void => undefined;
  body.on('data', (bytes: Buffer) => {
    try {
      text += decoder.decode(bytes, { stream: true });
    } catch {
      body.destroy();
    }
    if (text.length > MAX_WAITING_LENGTH) body.pause();
    wake();
  });
  body.on('close', () => wake());
  return {
    async read() {
      while (text === '' && !body.closed) {
        body.resume();
        await new Promise<void>((resolve) => (wake = resolve));
      }
      if (text !== '') {
        const length = wholeCharacters(text, await sharedTurn.take(text.length));
        const value = text.slice(0, length);
        text = text.slice(length);
        return { done: false, value };
      }
      if (!body.readableEnded) throw new Error('The connection broke, or what came is no UTF-8');
      return { done: true, value: undefined };
    },
  };
}

/** A length that doesn't end between the two halves of a surrogate pair. */
const wholeCharacters = (text: string, length: number): number =>
  length < text.length && isHighSurrogate(text.charCodeAt(length - 1)) ? length + 1 : length;

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

function encoded(reader: TextReader): ReturnType<Answer['body']['getReader']> {
  const encoder = new TextEncoder();
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value: encoder.encode(value) };
    },
    releaseLock: () => undefined,
  };
}

async function readAll(reader: TextReader): Promise<string> {
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += next.value;
    if (text.length > MAX_JSON_LENGTH) throw new Error('The answer is longer than any of Gemini');
  }
  return text;
}
