import { eventually } from '../../../../test/support/eventually.js';
import {
  loggedInClient,
  type ReceivedCall,
  type Script,
  type ScriptedAnswer,
  ScriptedApi,
  tokens,
  unauthenticated,
} from '../../../../test/support/http/scripted-api.js';
import { sharedStorage } from '../../../../test/support/http/shared-storage.js';
import type { ChatError } from '../errors.js';
import { platform } from '../platform.js';
import { inTurn } from './storage-turn.js';
import type { Fetch, Session, SessionStorage } from '../types.js';

const codeOf = (step: Promise<unknown>): Promise<unknown> => step.then(String, (error: ChatError) => error.code);
const tokenOf = ({ headers }: { headers: Record<string, string> }): string | undefined => headers['Authorization'];

/** Refuses the first token, refreshes to the second. */
const afterExpiry: Script = (call) => {
  if (call.path === '/auth/refresh') return tokens(2);
  return tokenOf(call) === 'Bearer access 2' ? { json: { id: 'u' } } : unauthenticated;
};

describe('the session', () => {
  it('is refreshed once for all requests that are refused at the same time', async () => {
    const { api, chat } = await loggedInClient(afterExpiry);
    await Promise.all([chat.account.get(), chat.account.get(), chat.rooms.create()]);
    expect(api.requests.filter((request) => request === 'POST /auth/refresh')).toHaveLength(1);
    expect(api.calls.at(-1)!.body).toBe('{}');
  });

  it('is refreshed before it expires', async () => {
    const { api, chat } = await loggedInClient(afterExpiry, {}, { expiresIn: 0 });
    await chat.account.get();
    expect(api.requests).toEqual(['POST /auth/refresh', 'GET /user/me']);
  });

  it('goes on with a token that is still good when it can not be refreshed just now', async () => {
    let now = Date.now();
    const clock = clockAt(() => now);
    try {
      const { api, chat } = await loggedInClient(
        ({ path }) => (path === '/user/me' ? { json: {} } : { status: 503 }),
        {},
        { expiresIn: 1 },
      );
      now += 950;
      await chat.account.get();
      expect(api.requests).toContain('POST /auth/refresh');
      expect(api.requests.at(-1)).toBe('GET /user/me');
      expect(tokenOf(api.calls.at(-1)!)).toBe('Bearer access 1');
    } finally {
      clock.restore();
    }
  });

  it('ends when the API says so, and everyone is told once', async () => {
    const { chat } = await loggedInClient(() => unauthenticated);
    const told: unknown[] = [];
    chat.auth.onChange((session) => told.push(session));
    expect(await codeOf(Promise.all([chat.account.get(), chat.account.get()]))).toBe('unauthenticated');
    expect(await chat.auth.session()).toBeNull();
    expect(told).toEqual([null]);
  });

  it.each([
    ['the network is down', null, 'connection'],
    ['the API is restarting', { status: 503, json: { code: 'service_unavailable' } }, 'service_unavailable'],
    ['a proxy wants to know who you are', { status: 401 }, 'unexpected_answer'],
    ['too many refresh', { status: 429, json: { code: 'rate_limited' } }, 'rate_limited'],
  ])('does not end because %s', async (_, answer, code) => {
    const { chat } = await loggedInClient(({ path }) => (path === '/auth/refresh' ? answer : unauthenticated));
    expect(await codeOf(chat.account.get())).toBe(code);
    expect(await chat.auth.session()).not.toBeNull();
  });

  it('repeats a refresh whose answer was lost', async () => {
    const answers = [null, tokens(2)];
    const { api, chat } = await loggedInClient((call, index) =>
      call.path === '/auth/refresh' ? answers.shift()! : afterExpiry(call, index),
    );
    await chat.account.get();
    const bodies = api.calls.filter(({ path }) => path === '/auth/refresh').map(({ body }) => body);
    expect(bodies).toEqual(['{"refreshToken":"refresh 1"}', '{"refreshToken":"refresh 1"}']);
  });

  it('takes the tokens that another tab has got, instead of repeating an old refresh', async () => {
    const storage = sharedStorage();
    const { api, chat } = await loggedInClient(afterExpiry, { storage });
    const other = api.client({ storage });
    await chat.account.get();
    await other.account.get();
    expect(api.requests.filter((request) => request === 'POST /auth/refresh')).toHaveLength(1);
  });

  it('is told of in every tab when it begins and ends in one', async () => {
    const storage = sharedStorage();
    const api = new ScriptedApi(({ path }) => (path === '/auth/verify-otp' ? tokens(1) : {}));
    const [one, other] = [api.client({ storage }), api.client({ storage })];
    const heard: Promise<Session | null>[] = [];
    const next = (): Promise<Session | null> =>
      new Promise((resolve) => {
        const stop = other.auth.onChange((session) => {
          stop();
          resolve(session);
        });
      });
    expect(await other.auth.session()).toBeNull();
    heard.push(next());
    await one.auth.verify({ challengeId: 'c' }, '123456');
    expect(await heard[0]).toMatchObject({ user: { name: 'Ada' } });
    const end = next();
    await one.auth.signOut();
    expect(await end).toBeNull();
  });

  it('does not come back when someone logs out while it is refreshed', async () => {
    let answer: (value: ReturnType<typeof tokens>) => void = () => undefined;
    const { api, chat } = await loggedInClient(({ path }) => {
      if (path === '/auth/refresh') return new Promise((resolve) => (answer = resolve));
      return path === '/auth/logout' ? {} : unauthenticated;
    });
    const reading = codeOf(chat.account.get());
    await eventually(() => api.requests.includes('POST /auth/refresh'));
    await chat.auth.signOut();
    answer(tokens(2));
    expect(await reading).toBe('unauthenticated');
    expect(await chat.auth.session()).toBeNull();
  });

  it('lives in memory where the storage takes nothing', async () => {
    const full: SessionStorage = {
      getItem: () => null,
      setItem: () => {
        throw new Error('The quota is exceeded');
      },
      removeItem: () => undefined,
    };
    const { chat } = await loggedInClient(() => ({ json: { id: 'u' } }), { storage: full });
    expect(await chat.auth.session()).not.toBeNull();
    expect(await chat.account.get()).toEqual({ id: 'u' });
  });

  it('ends on this device even if the API can not be reached', async () => {
    const { chat } = await loggedInClient(() => null);
    await chat.auth.signOut();
    expect(await chat.auth.session()).toBeNull();
  });

  it('is not disturbed by a listener that throws', async () => {
    const api = new ScriptedApi(({ path }) => (path === '/auth/verify-otp' ? tokens(1) : { json: { id: 'u' } }));
    const chat = api.client();
    const told: unknown[] = [];
    const reported = errorsThrownLater();
    chat.auth.onChange(() => {
      throw new Error('Of the listener');
    });
    chat.auth.onChange((session) => told.push(session));
    await chat.auth.verify({ challengeId: 'c' }, '123456');
    expect(await chat.account.get()).toEqual({ id: 'u' });
    expect(told).toMatchObject([{ user: { name: 'Ada' } }]);
    expect(await reported.first).toMatchObject({ message: 'Of the listener' });
  });

  it('goes on with a token that is still good when too many refresh', async () => {
    const limited = { status: 429, json: { code: 'rate_limited' } };
    let now = Date.now();
    const clock = clockAt(() => now);
    try {
      const { chat } = await loggedInClient(
        ({ path }) => (path === '/user/me' ? { json: { id: 'u' } } : limited),
        {},
        { expiresIn: 900 },
      );
      now += 890_000;
      expect(await chat.account.get()).toEqual({ id: 'u' });
    } finally {
      clock.restore();
    }
  });

  it.each([
    ['an older answer comes late', tokens(2)],
    ['its own refresh is refused', { status: 401, json: { code: 'refresh_token_reused' } }],
  ])('keeps the tokens that another tab has got meanwhile, when %s', async (_, late) => {
    const items = new Map<string, string>();
    const { chat } = await loggedInClient(
      (call) => {
        if (call.path !== '/auth/refresh')
          return tokenOf(call) === 'Bearer access 3' ? { json: { id: 'u' } } : unauthenticated;
        const [[key, text]] = [...items] as [[string, string]];
        items.set(key, text.replace('access 1', 'access 3').replace('refresh 1', 'refresh 3'));
        return late;
      },
      { storage: sharedStorage(items) },
    );
    expect(await chat.account.get()).toEqual({ id: 'u' });
    expect([...items.values()]).toEqual([expect.stringContaining('refresh 3')]);
  });

  it('says by a code of its own that its storage can not be read', async () => {
    const storage = { ...sharedStorage(), getItem: () => Promise.reject(new Error('Locked')) };
    const chat = new ScriptedApi(() => null).client({ storage });
    expect(await codeOf(chat.rooms.create())).toBe('connection');
  });

  it('is none to begin with, and whatever else a storage holds under its key', async () => {
    const api = new ScriptedApi(() => null);
    expect(await codeOf(api.client().account.get())).toBe('unauthenticated');
    const odd = sharedStorage(new Map([['gemini-chat-session', '{"not":"ours"}']]));
    expect(await api.client({ storage: odd }).auth.session()).toBeNull();
    expect(api.calls).toEqual([]);
  });
});

/** A clock of the test's own. */
function clockAt(now: () => number): { restore: () => void } {
  const { now: real } = Date;
  Date.now = now;
  return { restore: () => void (Date.now = real) };
}

/** What is thrown outside of any call. */
function errorsThrownLater(): { first: Promise<unknown> } {
  const { setTimeout: real } = globalThis;
  const first = new Promise((resolve) => {
    globalThis.setTimeout = ((run: () => void, ms?: number) => {
      if (ms !== undefined) return real(run, ms);
      globalThis.setTimeout = real;
      try {
        run();
      } catch (error) {
        resolve(error);
      }
      return 0;
    }) as typeof setTimeout;
  });
  return { first };
}

describe('tabs of a page without Web Locks', () => {
  const { addEventListener } = platform;
  const { navigator } = globalThis;
  beforeEach(() => void Object.assign(globalThis, { addEventListener: () => undefined, navigator: {} }));
  afterEach(() => void Object.assign(globalThis, { addEventListener, navigator }));

  /** Gives the same tokens to a repeated refresh until they are used, and then ends the session. */
  function strictApi() {
    let used = 1;
    let isDead = false;
    return (call: ReceivedCall): ScriptedAnswer => {
      if (call.path !== '/auth/refresh') {
        const number = Number(tokenOf(call)?.split(' ').at(-1));
        if (isDead || number < 2) return unauthenticated;
        used = number;
        return { json: { id: 'u' } };
      }
      const number = Number(/\d+/.exec(call.body ?? '')?.[0]);
      isDead ||= number < used;
      return isDead ? { status: 401, json: { code: 'refresh_token_reused' } } : tokens(number + 1);
    };
  }

  it('take turns, so that a late refresh does not end the session', async () => {
    const storage = sharedStorage();
    const answer = strictApi();
    const { api } = await loggedInClient(answer, { storage }, { expiresIn: 0 });
    const slow: Fetch = async (path, init) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return api.fetch(path, init);
    };
    const tabs = [api.client({ storage }), api.client({ storage, fetch: slow })];
    const accounts = await Promise.all(tabs.map((tab) => tab.account.get()));
    expect(accounts).toEqual([{ id: 'u' }, { id: 'u' }]);
    expect(api.requests.filter((request) => request === 'POST /auth/refresh')).toHaveLength(1);
    expect(await storage.getItem('gemini-chat-session-turn')).toBeNull();
  });

  it('do not wait for one that was closed in its turn', async () => {
    const items = new Map([['turn', 'of a tab that was closed']]);
    expect(await inTurn(sharedStorage(items), 'turn', async () => 'done', 60)).toBe('done');
    expect(items.size).toBe(0);
  });

  it('do not wait for a storage that fails', async () => {
    const storage = { ...sharedStorage(), getItem: () => Promise.reject(new Error('Locked')) };
    expect(await inTurn(storage, 'turn', async () => 'done')).toBe('done');
  });
});
