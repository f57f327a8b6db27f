import type { UIMessage } from 'ai';
import type { Message, Quota } from '../types.js';

/** What `useChat` has no place for. */
export interface ReplyMetadata {
  status: Message['status'];
  model: string | null;
  usage: Message['usage'];
  /** Of a reply that is `failed` or `blocked`: why. */
  error: Message['error'];
  /** What is left of it since this reply was asked for, where the plan has a limit. Only of replies that were asked for here. */
  quota?: Quota;
}

/** A message of `useChat`. The id of a reply is the API's; that of a message is the app's until the room is loaded again. */
export type ChatMessage = UIMessage<ReplyMetadata>;

export const metadataOf = ({ status, model, usage, error }: Message): ReplyMetadata => ({
  status,
  model,
  usage,
  error,
});

/** A stored message. */
export const chatMessageOf = (message: Message): ChatMessage => ({
  id: message.id,
  role: message.role === 'user' ? 'user' : 'assistant',
  metadata: metadataOf(message),
  parts: message.content === '' ? [] : [{ type: 'text', text: message.content, state: 'done' }],
});

/**
 * What a person wrote.
 *
 * @throws Error when there is anything but text, which the API doesn't take
 */
export function textOf({ parts }: ChatMessage): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      throw new Error(`A message can't have parts of type ${part.type}.`);
    })
    .join('');
}
