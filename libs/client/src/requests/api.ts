import { abortedError, isTransient, toChatError } from '../errors.js';
import type { Call, Http, OpenAnswer } from './http.js';
import type { Login } from '../session/login.js';
import { pagedList } from './paged-list.js';
import { backoffMs, pause } from './pause.js';
import type { Page, PagedList } from '../types.js';

/** How many times a request is sent that may be repeated. */
const TRIES = 3;

/** How many fresh tokens are tried: a short-lived one may expire on its way. */
const TOKENS = 3;

/** The API for the user who is logged in. */
export class Api {
  constructor(
    readonly http: Http,
    readonly login: Login,
  ) {}

  /**
   * A request that may safely be repeated when its answer is lost or the API is away for a moment.
   *
   * @throws ChatError
   */
  async repeatable<Body>(call: Call, tries = TRIES): Promise<Body> {
    return repeated(() => this.once<Body>(call), tries, call.signal);
  }

  /** A list of which each page may be read again. */
  list<Item>(path: string, filter: Call['query'] = {}): PagedList<Item> {
    return pagedList((cursor) => this.repeatable<Page<Item>>({ method: 'GET', path, query: { ...filter, cursor } }));
  }

  /** Deletes. When the answer to a first try got lost, a second one may find nothing left. @throws ChatError */
  async remove(path: string): Promise<void> {
    let tries = 0;
    const send = async (): Promise<unknown> => {
      tries++;
      try {
        return await this.once({ method: 'DELETE', path });
      } catch (error) {
        if (tries > 1 && toChatError(error).status === 404) return null;
        throw error;
      }
    };
    await repeated(send, TRIES);
  }

  /** Reads what everyone may read. @throws ChatError */
  async public<Body>(path: string): Promise<Body> {
    return repeated(() => this.http.json<Body>({ method: 'GET', path }), TRIES);
  }

  /** A request of which a second one would do more. @throws ChatError */
  once<Body>(call: Call): Promise<Body> {
    return this.authorized(call, (authorized) => this.http.json<Body>(authorized));
  }

  /** The text of an answer that may be long. @throws ChatError */
  async text(call: Call): Promise<string> {
    return (await this.authorized(call, (authorized) => this.http.text(authorized))).body;
  }

  /** The bytes of an answer, which may safely be asked for again. @throws ChatError */
  async blob(call: Call): Promise<Blob> {
    const read = (): Promise<Blob> => this.authorized(call, (authorized) => this.http.blob(authorized));
    return repeated(read, TRIES, call.signal);
  }

  /** A request whose answer is a stream. @throws ChatError */
  open(call: Call, silenceMs: number): Promise<OpenAnswer> {
    return this.authorized(call, (authorized) => this.http.open(authorized, silenceMs));
  }

  /** Sends with a token. A request that is answered 401 has not been looked at, so each may be sent again with a fresh one. */
  private async authorized<T>(call: Call, send: (call: Call) => Promise<T>): Promise<T> {
    let token = await this.login.accessToken();
    for (let tokens = 1; ; tokens++) {
      if (call.signal?.aborted) throw abortedError();
      try {
        return await send({ ...call, headers: { ...call.headers, Authorization: `Bearer ${token}` } });
      } catch (error) {
        if (toChatError(error).status !== 401 || tokens === TOKENS) throw error;
        token = await this.login.renewed(token);
      }
    }
  }
}

/** @param send may be called again after a failure that is likely to be over soon */
async function repeated<T>(send: () => Promise<T>, tries: number, signal?: AbortSignal): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await send();
    } catch (error) {
      const { retryAfter } = toChatError(error);
      if (failures >= tries || !isTransient(toChatError(error)) || (retryAfter ?? 0) > 5) throw error;
      await pause(Math.max((retryAfter ?? 0) * 1000, backoffMs(failures, 150, 5_000)), signal);
    }
  }
}
