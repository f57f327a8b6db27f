import type { FileUIPart, UIMessage } from 'ai';
import type { ChatFile, Message, MessageSource, Quota } from '../types.js';

/** What `useChat` has no place for. */
export interface ReplyMetadata {
  status: Message['status'];
  model: string | null;
  usage: Message['usage'];
  /** Of a reply that is `failed` or `blocked`: why. */
  error: Message['error'];
  /** What the reply is founded on, with the ranges of the text; its parts have the addresses alone. */
  sources: MessageSource[];
  /** What the model searched for. */
  searchQueries: string[];
  /** What is left of it since this reply was asked for, where the plan has a limit. Only of replies that were asked for here. */
  quota?: Quota;
}

/** A message of `useChat`. The id of a reply is the API's; that of a message is the app's until the room is loaded again. */
export type ChatMessage = UIMessage<ReplyMetadata>;

// An older API tells nothing of sources.
export const metadataOf = ({
  status,
  model,
  usage,
  error,
  sources = [],
  searchQueries = [],
}: Message): ReplyMetadata => ({ status, model, usage, error, sources, searchQueries });

/** The part of a message that is an uploaded file. @param url where its bytes are */
export const filePartOf = ({ name, mediaType }: ChatFile, url: string): FileUIPart => ({
  type: 'file',
  url,
  mediaType,
  filename: name,
});

/** A source as a part of a message, and of a stream. @param place of the source among those of its reply */
export const sourcePartOf = ({ uri, title }: MessageSource, place: number) => ({
  type: 'source-url' as const,
  sourceId: `source-${place + 1}`,
  url: uri,
  title,
});

/** A stored message: its files before its text, as in what `useChat` sends. @param urlOf where a file's bytes are */
export function chatMessageOf(message: Message, urlOf: (fileId: string) => string): ChatMessage {
  const { files = [], thoughts = null, content, sources = [] } = message;
  const parts: ChatMessage['parts'] = files.map((file) => filePartOf(file, urlOf(file.id)));
  if (thoughts !== null) parts.push({ type: 'reasoning', text: thoughts, state: 'done' });
  if (content !== '') parts.push({ type: 'text', text: content, state: 'done' });
  parts.push(...sources.map(sourcePartOf));
  return {
    id: message.id,
    role: message.role === 'user' ? 'user' : 'assistant',
    metadata: metadataOf(message),
    parts,
  };
}

/**
 * What a person wrote.
 *
 * @throws Error when there is anything but text and files, which the API doesn't take
 */
export function textOf({ parts }: ChatMessage): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      if (part.type === 'file') return '';
      throw new Error(`A message can't have parts of type ${part.type}.`);
    })
    .join('');
}
