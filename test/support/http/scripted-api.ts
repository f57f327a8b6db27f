import {
  type ChatClient,
  type ChatClientOptions,
  createChatClient,
  type Fetch,
  type FetchInit,
} from '@gemini-chat/client';

/** A request that was received. */
export interface ReceivedCall extends Omit<FetchInit, 'body'> {
  path: string;
  /** JSON. */
  body?: string;
  /** A form with a file. */
  upload?: Blob | ArrayBuffer;
}

/** What one request is answered. */
export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  /** The bytes of a file. */
  bytes?: Blob;
  /** The parts of a stream; null: the platform can't read one. After the last, it ends, breaks off, or hangs. */
  parts?: string[] | null;
  then?: 'end' | 'break' | 'hang';
}

/** Answers one request; throws, or gives `null`, for a connection that fails. */
export type Script = (call: ReceivedCall, index: number) => ScriptedAnswer | null | Promise<ScriptedAnswer | null>;

const TOKENS = {
  tokenType: 'Bearer',
  expiresIn: 900,
  refreshExpiresIn: 86_400,
  user: { id: 'u', phone: '+14155550100', name: 'Ada' },
};

/** What a login or refresh answers; the number tells the tokens apart. */
export const tokens = (number: number, more: object = {}): ScriptedAnswer => ({
  json: { ...TOKENS, accessToken: `access ${number}`, refreshToken: `refresh ${number}`, ...more },
});

/** What the API answers to a token that it doesn't take. */
export const unauthenticated: ScriptedAnswer = {
  status: 401,
  json: { code: 'unauthenticated', detail: 'A token is needed.' },
};

/** An API that exists as a script alone, for what a real one can't be brought to do at will. */
export class ScriptedApi {
  readonly calls: ReceivedCall[] = [];

  constructor(private readonly script: Script) {}

  /** Takes no more than the part of fetch that the client may use. */
  readonly fetch: Fetch = async (path, { body, ...init }) => {
    const sent = typeof body === 'string' ? { body } : body && { upload: body };
    const call: ReceivedCall = { path, ...init, ...sent };
    this.calls.push(call);
    const answer = await this.script(call, this.calls.length - 1);
    if (answer === null) throw new TypeError('fetch failed');
    if (init.signal.aborted) throw new TypeError('aborted');
    return response(answer, init.signal);
  };

  /** A client of it. */
  client(options: ChatClientOptions = {}): ChatClient {
    return createChatClient({ baseUrl: '', fetch: this.fetch, ...options });
  }

  /** Methods and paths, in order. */
  get requests(): string[] {
    return this.calls.map(({ method, path }) => `${method} ${path}`);
  }
}

/** A client that is logged in with the tokens of number 1, at an API that then answers by the script. */
export async function loggedInClient(script: Script, options: ChatClientOptions = {}, more: object = {}) {
  let login = true;
  const api = new ScriptedApi((call, index) => (login ? tokens(1, more) : script(call, index)));
  const chat = api.client(options);
  await chat.auth.verify({ challengeId: 'c' }, '123456');
  login = false;
  api.calls.length = 0;
  return { api, chat };
}

function response(
  { status = 200, headers = {}, json, bytes, parts, then = 'end' }: ScriptedAnswer,
  signal: AbortSignal,
) {
  const lowerCase = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    ok: status < 400,
    status,
    headers: { get: (name: string) => lowerCase.get(name.toLowerCase()) ?? null },
    ...(bytes !== undefined && { blob: async () => bytes }),
    text: async () => (json === undefined ? '' : JSON.stringify(json)),
    body: parts === null ? null : { getReader: () => reader(parts ?? [], then, signal) },
  };
}

function reader(parts: string[], then: 'end' | 'break' | 'hang', signal: AbortSignal) {
  const chunks = parts.map((part) => new TextEncoder().encode(part));
  return {
    cancel: async () => undefined,
    read: async (): Promise<{ done: boolean; value?: Uint8Array }> => {
      const value = chunks.shift();
      if (value !== undefined) return { done: false, value };
      if (then === 'end') return { done: true };
      if (then === 'break') throw new TypeError('terminated');
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new TypeError('aborted'))));
    },
  };
}
