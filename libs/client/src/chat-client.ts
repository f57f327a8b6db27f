import { Api } from './requests/api.js';
import { authOf } from './session/auth.js';
import { billingOf } from './billing.js';
import { filesOf } from './files.js';
import { Http, LONG_MS } from './requests/http.js';
import { checkedIdempotencyKey, newIdempotencyKey } from './idempotency-key.js';
import { Login } from './session/login.js';
import { platform } from './platform.js';
import { messagePath, roomPath } from './requests/paths.js';
import { ReplyReading, type ReplyOrigin } from './replies/reply-reading.js';
import { ReplyRecord } from './replies/reply-record.js';
import { sharesOf } from './shares.js';
import { KeptSession } from './session/session-storage.js';
import type {
  Account,
  ChatClient,
  ChatClientOptions,
  Conversation,
  Message,
  Model,
  Plan,
  ReadOptions,
  Reply,
  Room,
} from './types.js';

const STORAGE_KEY = 'gemini-chat-session';
const TIMEOUT_MS = 30_000;
const RECONNECT_FOR_MS = 300_000;

/** Stopping a reply is worth more tries than reading something, since the model costs money meanwhile. */
const STOP_TRIES = 8;

/** Makes the client of one user. It does nothing until it is asked to. */
export function createChatClient(options: ChatClientOptions = {}): ChatClient {
  const { storage, storageKey = STORAGE_KEY, timeoutMs = TIMEOUT_MS, reconnectForMs = RECONNECT_FOR_MS } = options;
  const http = new Http(baseOf(options), options.fetch ?? ((url, init) => fetch(url, init)), timeoutMs);
  const api = new Api(http, new Login(new KeptSession(storage, storageKey), http));
  const read = (origin: ReplyOrigin, { signal }: ReadOptions): Reply => {
    const record = new ReplyRecord((reply) => stop(api, reply.chatroomId, reply.id));
    void new ReplyReading(api, origin, record, reconnectForMs, signal).run();
    return record;
  };
  return {
    auth: authOf(api),
    account: accountOf(api),
    rooms: roomsOf(api),
    replies: {
      get: (roomId, messageId) => api.repeatable({ method: 'GET', path: messagePath(roomId, messageId) }),
      variants: (roomId, messageId) => api.list(`${messagePath(roomId, messageId)}/replies`),
      stop: (roomId, replyId) => stop(api, roomId, replyId),
      rate: async (roomId, replyId, feedback) => {
        await api.repeatable({ method: 'PUT', path: `${messagePath(roomId, replyId)}/feedback`, body: feedback });
      },
    },
    files: filesOf(api),
    shares: sharesOf(api),
    billing: billingOf(api),
    send: (roomId, content, { idempotencyKey, files, ...reading } = {}) => {
      const path = `${roomPath(roomId)}/message/stream`;
      return read({ roomId, post: { path, body: { content, files }, idempotencyKey: keyOf(idempotencyKey) } }, reading);
    },
    regenerate: (roomId, replyId, { idempotencyKey, ...reading } = {}) => {
      const path = `${messagePath(roomId, replyId)}/regenerate/stream`;
      return read({ roomId, post: { path, idempotencyKey: keyOf(idempotencyKey) } }, reading);
    },
    edit: (roomId, messageId, content, { idempotencyKey, files } = {}) => {
      const headers = { 'Idempotency-Key': keyOf(idempotencyKey) };
      return api.repeatable({
        method: 'POST',
        path: `${messagePath(roomId, messageId)}/edit`,
        body: { content, files },
        headers,
      });
    },
    attach: (roomId, replyId, reading = {}) => read({ roomId, replyId }, reading),
    search: (words) => api.list('/search', { q: words }),
    plans: async () => (await api.public<{ items: Plan[] }>('/plans')).items,
    models: async () => (await api.repeatable<{ items: Model[] }>({ method: 'GET', path: '/models' })).items,
    usage: (days = {}) => api.list('/usage', { ...days }),
  };
}

/** @throws TypeError where there is no page whose origin could be meant */
function baseOf({ baseUrl }: ChatClientOptions): string {
  const base = baseUrl ?? platform.location?.origin;
  if (base === undefined) throw new TypeError('baseUrl is missing');
  return base.replace(/\/+$/, '');
}

const keyOf = (given: string | undefined): string =>
  given === undefined ? newIdempotencyKey() : checkedIdempotencyKey(given);

const stop = (api: Api, roomId: string, replyId: string): Promise<Message> =>
  api.repeatable({ method: 'POST', path: `${messagePath(roomId, replyId)}/cancel` }, STOP_TRIES);

function accountOf(api: Api): ChatClient['account'] {
  const path = '/user/me';
  return {
    get: () => api.repeatable<Account>({ method: 'GET', path }),
    update: (changes) => api.repeatable<Account>({ method: 'PATCH', path, body: changes }),
    export: () => api.text({ method: 'GET', path: `${path}/export`, withinMs: LONG_MS }),
    delete: async () => {
      await api.once({ method: 'DELETE', path });
      await api.login.end();
    },
  };
}

function roomsOf(api: Api): ChatClient['rooms'] {
  return {
    create: (room = {}) => api.once<Room>({ method: 'POST', path: '/chatroom', body: room }),
    list: (filter = {}) => api.list('/chatroom', { ...filter }),
    get: (roomId, page = {}) =>
      api.repeatable<Conversation>({ method: 'GET', path: roomPath(roomId), query: { ...page } }),
    update: (roomId, changes) => api.repeatable<Room>({ method: 'PATCH', path: roomPath(roomId), body: changes }),
    fork: (roomId, messageId) =>
      api.once<Room>({ method: 'POST', path: `${roomPath(roomId)}/fork`, body: { messageId } }),
    delete: (roomId) => api.remove(roomPath(roomId)),
  };
}
