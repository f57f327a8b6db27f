import type { ChatError } from '../errors.js';
import type { ChatFile, Feedback, Quota, Room } from '../types.js';
import type { ShownMessage } from './shown-message.js';

/** What is known of a room's conversation. */
export interface ConversationState {
  /** `failed`: there is nothing to show, and `error` says why. */
  status: 'loading' | 'ready' | 'failed';
  room: Room | null;
  /** Oldest first. */
  messages: ShownMessage[];
  hasOlder: boolean;
  /** As the last accepted message told it; null where the plan has no limit, or none has told yet. */
  quota: Quota | null;
  /** Why the last loading, reading, stopping or rating failed; null once the room is loaded again. */
  error: ChatError | null;
  /** A message is on its way, or a reply is queued or written. */
  busy: boolean;
}

/** What goes with a message. */
export interface WithFiles {
  /** Uploaded files, or their ids. Of a file that is given whole, a message shows all at once. */
  files?: readonly (ChatFile | string)[] | undefined;
}

/** What can be done in a room. The functions stay the same, and none of them rejects. */
export interface ConversationActions {
  /** Sends a message. Several wait for each other, in order, until each is accepted. With files the text may be empty. */
  send(content: string, options?: WithFiles): void;
  /**
   * Asks the latest question anew: the new one and its reply take the place of the old ones once it is accepted. Without `files` those of
   * the old one stay. @returns whether it was accepted; if not, `error` says why
   */
  edit(id: string, content: string, options?: WithFiles): Promise<boolean>;
  /** Sends an unsent message again, under its own key: it is never sent twice. */
  resend(id: string): void;
  /** Forgets an unsent message. */
  discard(id: string): void;
  /** Stops the model at the reply that it writes; what was written stays. */
  stop(): Promise<void>;
  /** A new variant of the latest reply, which is shown until the new one is accepted. Does nothing while one is being written. */
  regenerate(): void;
  /**
   * Says what the user thinks of a finished reply, which shows it at once as its `message.feedback`. `{ rating: null }` removes it.
   * @returns whether it was stored; if not, what was said before is shown again, and `error` says why
   */
  rate(id: string, feedback: Feedback): Promise<boolean>;
  /** Shows the page of messages before the oldest. */
  loadOlder(): Promise<void>;
  /** Reads the room anew, e.g. after another tab has changed it. */
  reload(): Promise<void>;
}

/** One room and what can be done in it. */
export interface ConversationView extends ConversationState, ConversationActions {}
