import type { ChatClient } from '../types.js';
import { ConversationStore } from './conversation-store.js';

/** So many rooms are shown at once when someone comes back to them. */
const KEPT_ROOMS = 20;

const storesOfClients = new WeakMap<ChatClient, Map<string, ConversationStore>>();

/** The one store of a room, for all components that show it. */
export function conversationStore(client: ChatClient, roomId: string): ConversationStore {
  const stores = storesOf(client);
  const store = stores.get(roomId) ?? new ConversationStore(client, roomId);
  // The latest is the last.
  stores.delete(roomId);
  for (const [id, { idle }] of stores) {
    if (stores.size < KEPT_ROOMS) break;
    if (idle) stores.delete(id);
  }
  stores.set(roomId, store);
  return store;
}

function storesOf(client: ChatClient): Map<string, ConversationStore> {
  const stores = storesOfClients.get(client) ?? new Map<string, ConversationStore>();
  storesOfClients.set(client, stores);
  return stores;
}

const forgetful = new WeakSet<ChatClient>();

/** What the hook needs of a room's store. A server renders it, but never subscribes: it would have to release its clients. */
export function shownStore(
  client: ChatClient,
  roomId: string,
): Pick<ConversationStore, 'subscribe' | 'getView' | 'getInitialView'> {
  const { subscribe, getView, getInitialView } = conversationStore(client, roomId);
  return {
    subscribe: (listener) => {
      forgetAtNextLogin(client);
      return subscribe(listener);
    },
    getView,
    getInitialView,
  };
}

/** Who logs in next sees nothing of what was shown. */
function forgetAtNextLogin(client: ChatClient): void {
  if (forgetful.has(client)) return;
  forgetful.add(client);
  client.auth.onChange(() => storesOf(client).clear());
}
