import type { ChatClient, ChatError, FinalStatus, Message, Quota, Room } from '../index.js';

/** A message as it is shown: also one that is on its way, and a reply whose text grows. */
export interface ShownMessage {
  /** The id; of a message that the API hasn't accepted yet, its idempotency key. */
  id: string;
  role: 'user' | 'bot';
  content: string;
  /** `sending` and `unsent` are the client's own: before it is accepted, and when it was refused. */
  status: 'sending' | 'unsent' | 'queued' | 'generating' | FinalStatus;
  /** Of an unsent message: why. */
  sendError: ChatError | null;
  /** The connection was lost and is being made again. */
  reconnecting: boolean;
  /** As the API has it; null before it is accepted. */
  message: Message | null;
}

/** One room and what can be done in it. */
export interface ConversationView {
  status: 'loading' | 'ready' | 'failed';
  room: Room | null;
  /** Oldest first. */
  messages: ShownMessage[];
  hasOlder: boolean;
  /** As the last answer told it; null where the plan has no limit, or none has told yet. */
  quota: Quota | null;
  /** Why loading failed. */
  error: ChatError | null;
  /** A reply is queued or written. */
  busy: boolean;
  send(content: string): void;
  /** Sends an unsent message again, under its own key. */
  resend(id: string): void;
  /** Stops the model. */
  stop(): Promise<void>;
  /** A new variant of the latest reply. */
  regenerate(): void;
  loadOlder(): Promise<void>;
  /** Reads the room anew, e.g. after another tab has changed it. */
  reload(): Promise<void>;
}

/** A room's conversation, live: replies that are being written are read on, also after a reload. */
export function useConversation(client: ChatClient, roomId: string): ConversationView {
  throw new Error(`Not written yet: ${roomId} ${typeof client}`);
}
