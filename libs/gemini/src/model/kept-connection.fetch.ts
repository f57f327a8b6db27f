import { type Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { sharedTurn } from './text-turn.js';

/** The longest body of an error or a count, in UTF-16 code units. Gemini's have some hundred. */
const MAX_JSON_LENGTH = 1024 * 1024;

/** The longest text that waits to be read, in UTF-16 code units: beyond it the server has to wait. */
const MAX_WAITING_LENGTH = 64 * 1024;

/** The part of `fetch` that the SDK of Gemini uses. */
type Fetch = (url: string, init: { method: string; headers: Headers; body: string }) => Promise<Answer>;

/** The part of a `Response` that the SDK uses. It decodes a body as UTF-8 by `pipeThrough`, which has been done here already. */
interface Answer extends Pick<Response, 'ok' | 'status' | 'statusText' | 'json'> {
  body: { pipeThrough(): { getReader(): TextReader } };
}

type TextReader = Pick<ReadableStreamDefaultReader<string>, 'read'>;

/**
 * A `fetch` over `node:http(s)` for the SDK, which knows no other way to send. Node's own spends half of a streamed call's
 * processor time in web streams and closes connections after 4 seconds without a request (docs/adr/0029).
 *
 * @param agent keeps the connections; of the protocol of the addresses asked for
 * @param signal closes the connection, also that of an answer under way
 */
export const fetchOver =
  (agent: Agent, signal: AbortSignal): Fetch =>
  async (url, { method, headers, body }) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.startsWith('http:') ? httpRequest : httpsRequest;
      const request = send(url, { method, headers: Object.fromEntries(headers), agent, signal }, resolve);
      // What happens after the answer has begun is met by its reader.
      request.on('error', reject);
      request.end(body);
    });
    const { statusCode: status = 0, statusMessage: statusText = '' } = response;
    const reader = textReader(response);
    return {
      ok: status >= 200 && status < 300,
      status,
      statusText,
      json: () => readJson(reader),
      body: { pipeThrough: () => ({ getReader: () => reader }) },
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
        const length = await sharedTurn.take(text.length);
        const value = text.slice(0, length);
        text = text.slice(length);
        return { done: false, value };
      }
      if (!body.readableEnded) throw new Error('The connection broke, or what came is no UTF-8');
      return { done: true, value: undefined };
    },
  };
}

async function readJson(reader: TextReader): Promise<unknown> {
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += next.value;
    if (text.length > MAX_JSON_LENGTH) throw new Error('The answer is longer than any of Gemini');
  }
  return JSON.parse(text);
}
