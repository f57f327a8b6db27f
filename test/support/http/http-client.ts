import { leaksIn } from '../privacy/leaks.js';

/** An HTTP answer with its JSON body; `body` is undefined if there is none, and a string if it isn't JSON. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** What is sent besides method and path. */
export interface Sent {
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
  headers?: Record<string, string>;
}

type Json = Record<string, unknown>;

const TIMEOUT_MS = 20_000;

/** A small JSON client of one API process, for one user. */
export class HttpClient {
  /**
   * @param base the API's address, without a slash at its end
   * @param token the access token that is sent with each request
   * @param always headers that are sent with each request
   */
  constructor(
    readonly base: string,
    private readonly token?: string,
    private readonly always: Record<string, string> = {},
  ) {}

  /** The header with the access token; empty without a token. */
  get authorization(): Record<string, string> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  /** The same API with another user's token. */
  as(token: string): HttpClient {
    return new HttpClient(this.base, token, this.always);
  }

  /** The same user with headers that are sent with each request. */
  with(headers: Record<string, string>): HttpClient {
    return new HttpClient(this.base, this.token, { ...this.always, ...headers });
  }

  /** The same user at another replica. */
  at(base: string): HttpClient {
    return new HttpClient(base, this.token, this.always);
  }

  get<Body = Json>(path: string, headers?: Record<string, string>): Promise<Answer<Body>> {
    return this.send('GET', path, { headers });
  }

  post<Body = Json>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>> {
    return this.send('POST', path, { body, headers });
  }

  patch<Body = Json>(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer<Body>> {
    return this.send('PATCH', path, { body, headers });
  }

  delete<Body = Json>(path: string, headers?: Record<string, string>): Promise<Answer<Body>> {
    return this.send('DELETE', path, { headers });
  }

  /** Any method. */
  async send<Body = Json>(method: string, path: string, { body, headers }: Sent = {}): Promise<Answer<Body>> {
    const response = await fetch(`${this.base}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.authorization,
        ...this.always,
        ...headers,
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status >= 400) assertNothingLeaks(text, body);
    return { status: response.status, headers: response.headers, body: parse(text, response.headers) as Body };
  }
}

/** An error never repeats the values of these fields. */
const PRIVATE_FIELDS = ['phone', 'otp', 'refreshToken', 'name', 'content', 'title', 'systemInstruction'];

function assertNothingLeaks(error: string, sent: unknown): void {
  const fields = Object.entries(typeof sent === 'object' && sent !== null ? sent : {});
  const values = fields.flatMap(([name, value]) => (PRIVATE_FIELDS.includes(name) ? [value] : []));
  const telling = values.filter((value): value is string => typeof value === 'string' && value.length >= 6);
  const leaks = leaksIn(error, telling);
  if (leaks.length > 0) throw new Error(`An error says\n${leaks.join('\n')}`);
}

function parse(text: string, headers: Headers): unknown {
  if (text === '') return undefined;
  return /[/+]json/.test(headers.get('content-type') ?? '') ? (JSON.parse(text) as unknown) : text;
}
