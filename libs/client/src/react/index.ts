import { useMemo, useSyncExternalStore } from 'react';
import type { ChatClient } from '../types.js';
import { shownStore } from './conversation-stores.js';
import type { ConversationView } from './conversation-view.js';

export type { ConversationActions, ConversationState, ConversationView, WithFiles } from './conversation-view.js';
export type { ShownMessage } from './shown-message.js';

/**
 * A room's conversation, live: replies that are being written are read on, also after a reload. All components that show one
 * room share it. Unmounting ends the reading alone: what was sent is sent, and the model goes on.
 */
export function useConversation(client: ChatClient, roomId: string): ConversationView {
  const { subscribe, getView, getInitialView } = useMemo(() => shownStore(client, roomId), [client, roomId]);
  return useSyncExternalStore(subscribe, getView, getInitialView);
}
