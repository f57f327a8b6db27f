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
  const known = storesOfClients.get(client);
  if (known !== undefined) return known;
  const stores = new Map<string, ConversationStore>();
  storesOfClients.set(client, stores);
  // Who logs in next sees nothing of it.
  client.auth.onChange(() => stores.clear());
  return stores;
}
