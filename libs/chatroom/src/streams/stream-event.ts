import { encode } from 'eventsource-encoder';
import type { MessageResponse } from '../messages/message.response.js';

/**
 * An event of a reply's stream. The texts of all deltas after the last reset add up to the stored content, those of all thoughts
 * to the stored thoughts.
 */
export type ReplyEvent =
  | { event: 'accepted'; id: string; data: object }
  | { event: 'delta'; id: string; data: { text: string } }
  | { event: 'thought'; id: string; data: { text: string } }
  | { event: 'reset'; id: string; data: Record<string, never> }
  | { event: 'sources'; id: string; data: Pick<MessageResponse, 'sources' | 'searchQueries'> }
  | { event: 'done'; id: string; data: MessageResponse };

/** An event as it is sent, with its data as JSON. */
export const encodeEvent = ({ event, id, data }: ReplyEvent): Buffer =>
  Buffer.from(encode({ event, id, data: JSON.stringify(data) }));
