import type { ReplyEvent } from '../types.js';
import type { ShownMessage } from './shown-message.js';

type Grown = Pick<ShownMessage, 'content' | 'thoughts' | 'sources' | 'searchQueries'>;

const NOTHING: Grown = { content: '', thoughts: '', sources: [], searchQueries: [] };

/**
 * What is shown of a reply that is being written, after an event. A reading that began anew catches up with what is shown. Where it reads
 * another attempt, nothing stays of the one that was shown.
 */
export function growing(shown: Grown, event: ReplyEvent): Grown {
  if (event.type === 'reset') return NOTHING;
  const isOne = isOneText(shown.content, event.snapshot) && isOneText(shown.thoughts, event.thoughts);
  const before = isOne ? shown : NOTHING;
  const { sources, searchQueries } = event.type === 'sources' ? event : before;
  return {
    content: longer(before.content, event.snapshot),
    thoughts: longer(before.thoughts, event.thoughts),
    sources,
    searchQueries,
  };
}

/** Whether one of them goes on where the other ends. */
const isOneText = (shown: string, read: string): boolean => shown.startsWith(read) || read.startsWith(shown);

const longer = (shown: string, read: string): string => (shown.length > read.length ? shown : read);
