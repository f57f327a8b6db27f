import type { ChatClient } from '../types.js';
import { RoomChatTransport } from './room-chat-transport.js';

export type { ChatMessage, ReplyMetadata } from './chat-message.js';
export type { LoadedMessages, RoomChatTransport } from './room-chat-transport.js';

/**
 * Makes the transport of `useChat` (AI SDK 7). The chat's id is the room's.
 *
 * - `stop(roomId)` of the transport stops the model. That of `useChat`, and unmounting, end the reading alone, since `useChat`
 *   calls it when it unmounts; `resume` reads on (see `loadMessages`).
 * - A refused message throws its `ChatError`, so that `error.code` and `error.retryAfter` of `useChat` say why. `regenerate()`
 *   sends it again, under its own key.
 * - `regenerate()` of a reply that isn't the room's latest is refused with `not_latest_reply`, but `useChat` has cut its list by
 *   then: `setMessages` to what `loadMessages` gives. The same goes for editing a message, which the API doesn't know.
 * - A reply that failed ends as `error`; its code is `metadata.error.code` of the message.
 */
export const createChatTransport = (client: ChatClient): RoomChatTransport => new RoomChatTransport(client);
