import { ChatError, errorOf, toChatError } from '../errors.js';
import { TimeLimit } from './time-limit.js';
import type { Fetch, FetchResponse } from '../types.js';

/** The time for what may be large: an export, a file. */
export const LONG_MS = 600_000;

/** One request. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with a slash. */
  path: string;
  /** What is undefined or null is left out. */
  query?: Record<string, string | number | boolean | null | undefined>;
  /** Sent as JSON. */
  body?: object | undefined;
  /** Sent as it is, in place of `body`. `headers` say what it is. */
  raw?: Blob | ArrayBuffer;
  headers?: Record<string, string>;
  /** The time for the whole answer, in milliseconds; the client's own unless given. */
  withinMs?: number;
  /** Ends the call. */
  signal?: AbortSignal | undefined;
}

/** An answer whose body has yet to be read. Whoever reads it extends the limit, and closes it at the end. */
export interface OpenAnswer {
  response: FetchResponse;
  limit: TimeLimit;
}

interface WholeAnswer<Body> {
  body: Body;
  response: FetchResponse;
}

/** Sends requests, each bounded in time. */
export class Http {
  /** @param base without a slash at its end @param timeoutMs for an answer to begin, and for a JSON answer to end */
  constructor(
    readonly base: string,
    private readonly fetch: Fetch,
    readonly timeoutMs: number,
  ) {}

  /** @returns null for an answer without a body @throws ChatError for everything but a success */
  async json<Body>(call: Call): Promise<Body> {
    const { body, response } = await this.text(call);
    return (body === '' ? null : parsed(body, response)) as Body;
  }

  /** @throws ChatError for everything but a success */
  text(call: Call): Promise<WholeAnswer<string>> {
    return this.whole(call, (response) => response.text());
  }

  /** @throws ChatError for everything but a success */
  async blob(call: Call): Promise<Blob> {
    const { body } = await this.whole(call, (response) => {
      if (response.blob !== undefined) return response.blob();
      throw new ChatError('unexpected_answer', 'This fetch has no blob()', { status: response.status });
    });
    return body;
  }

  private async whole<Body>(call: Call, read: (response: FetchResponse) => Promise<Body>): Promise<WholeAnswer<Body>> {
    const { response, limit } = await this.open(call, call.withinMs);
    try {
      return { body: await limit.within(read(response)), response };
    } catch (error) {
      throw toChatError(error);
    } finally {
      limit.close();
    }
  }

  /** @param silenceMs the time until the answer begins, and between two parts of it @throws ChatError for everything but a success */
  async open(call: Call, silenceMs = this.timeoutMs): Promise<OpenAnswer> {
    const limit = new TimeLimit(silenceMs, call.signal);
    try {
      const response = await limit.within(
        this.fetch(this.base + call.path + queryOf(call), initOf(call, limit.signal)),
      );
      if (!response.ok) throw errorOf(response, await limit.within(response.text()));
      return { response, limit };
    } catch (error) {
      limit.close();
      throw toChatError(error);
    }
  }
}

function queryOf({ query = {} }: Call): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

const initOf = ({ method, body, raw, headers }: Call, signal: AbortSignal) => ({
  method,
  headers: { ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
  ...(body ? { body: JSON.stringify(body) } : {}),
  ...(raw ? { body: raw } : {}),
  signal,
});

function parsed(text: string, { status, headers }: FetchResponse): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const requestId = headers.get('x-request-id');
    throw new ChatError('unexpected_answer', 'The answer is not JSON', { status, requestId, cause });
  }
}
