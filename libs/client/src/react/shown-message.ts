import type { ChatError } from '../errors.js';
import type { ChatFile, Message, MessageSource } from '../types.js';

/** A message as it is shown: also one that is on its way, and a reply whose text grows. */
export interface ShownMessage {
  /** Stays the same when a message is accepted: the key for lists of React. */
  key: string;
  /** The id; of a message that the API hasn't accepted yet, its idempotency key. */
  id: string;
  role: Message['role'];
  /** Of a reply that is being written, the text so far. */
  content: string;
  /** Of a message: its files, in their order. Before it is accepted, those of which more than the id was given. */
  files: ChatFile[];
  /** Of a reply: what the model told of its thoughts, so far; empty if nothing. */
  thoughts: string;
  /** Of a reply: what it is founded on. */
  sources: MessageSource[];
  /** Of a reply: what the model searched for. */
  searchQueries: string[];
  /** `sending` and `unsent` are the client's own: before it is accepted, and when it was refused. */
  status: 'sending' | 'unsent' | Message['status'];
  /** Of an unsent message: why. Of a reply: why it was not regenerated. */
  sendError: ChatError | null;
  /** The connection was lost and is being made again. */
  reconnecting: boolean;
  /** As the API has it; null before it is accepted. */
  message: Message | null;
}

/** Whether a reply is still queued or written. */
export const isUnfinished = ({ status }: { status: string }): boolean => status === 'queued' || status === 'generating';

/** A message as the API has it. */
export function shownOf(message: Message, key = message.id): ShownMessage {
  // An older API tells nothing of these.
  const { files = [], sources = [], searchQueries = [] } = message;
  return {
    key,
    id: message.id,
    role: message.role,
    content: message.content,
    files,
    thoughts: message.thoughts ?? '',
    sources,
    searchQueries,
    status: message.status,
    sendError: null,
    reconnecting: false,
    message,
  };
}

/** A message that isn't accepted yet, and what is sent with it. */
export interface OutgoingMessage extends ShownMessage {
  fileIds: string[] | undefined;
}

/** @param files those of which only the id is given are sent, but can't be shown before the message is accepted */
export const outgoing = (key: string, content: string, files?: readonly (ChatFile | string)[]): OutgoingMessage => ({
  key,
  id: key,
  role: 'user',
  content,
  files: files?.filter((file) => typeof file !== 'string') ?? [],
  fileIds: idsOf(files),
  thoughts: '',
  sources: [],
  searchQueries: [],
  status: 'sending',
  sendError: null,
  reconnecting: false,
  message: null,
});

/** The ids of files; undefined where none are named. */
export const idsOf = (files: readonly (ChatFile | string)[] | undefined): string[] | undefined =>
  files?.map((file) => (typeof file === 'string' ? file : file.id));

/** @returns the list with the message: in its own place, in that of an older variant, or at the end */
export function withMessage(shown: ShownMessage[], added: ShownMessage): ShownMessage[] {
  const place = shown.findIndex((each) => each.id === added.id || isVariantOf(each, added));
  return place === -1 ? [...shown, added] : shown.map((each, index) => (index === place ? added : each));
}

/** What came of a reload. */
export interface Merged {
  messages: ShownMessage[];
  /** Whether older messages than those of the page are among them. */
  reachesFurther: boolean;
}

/**
 * The messages after the newest page was read once more. What is shown and older than the page stays, unless messages are
 * missing between the two; what was accepted since the page was asked for stays, too.
 *
 * @param page oldest first
 * @param accepted ids of messages that the page may be too old to have
 * @param rated ids of replies whose feedback the page may be too old to have
 */
export function mergePage(
  shown: ShownMessage[],
  page: Message[],
  accepted: ReadonlySet<string>,
  rated: ReadonlySet<string> = new Set(),
): Merged {
  const ids = new Set(page.map(({ id }) => id));
  const answered = new Set(page.map(({ replyTo }) => replyTo).filter((id) => id !== null));
  const isOlderVariant = ({ message }: ShownMessage): boolean => answered.has(message?.replyTo ?? '');
  const older = shown
    .slice(
      0,
      Math.max(
        0,
        shown.findIndex(({ id }) => ids.has(id)),
      ),
    )
    .filter((each) => !isOlderVariant(each));
  const newer = shown.filter(({ id }) => accepted.has(id) && !ids.has(id));
  const byId = new Map(shown.map((each) => [each.id, each]));
  const paged = page.map((message) => refreshed(byId.get(message.id), message, rated));
  return { messages: newer.reduce(withMessage, [...older, ...paged]), reachesFurther: older.length > 0 };
}

/** The stored message, but for the text of a reply that is being read, and for feedback, where what is shown is ahead of it. */
function refreshed(shown: ShownMessage | undefined, message: Message, rated: ReadonlySet<string>): ShownMessage {
  if (shown === undefined) return shownOf(message);
  if (isUnfinished(shown)) return isUnfinished(message) ? shown : shownOf(message, shown.key);
  const sameFeedback = shown.message?.feedback?.createdAt === message.feedback?.createdAt;
  if (sameFeedback || shown.message === null || rated.has(message.id)) return shown;
  return { ...shown, message: { ...shown.message, feedback: message.feedback } };
}

const isVariantOf = (shown: ShownMessage, { message }: ShownMessage): boolean =>
  message?.replyTo != null && shown.message?.replyTo === message.replyTo;
