import type { Message } from '@gemini-chat/client';
import type { ShownMessage } from '@gemini-chat/client/react';

const LABELS: Record<string, string> = {
  queued: 'Queued',
  generating: 'Generating',
  completed: 'Completed',
  cancelled: 'Stopped',
  failed: 'Failed',
  blocked: 'Blocked',
};

/** Whether a reply is queued or written. */
export const isGrowing = ({ status }: ShownMessage): boolean => status === 'queued' || status === 'generating';

/** How a reply stands, in a word. A status that a newer API adds is shown as it is. */
export const statusLabel = ({ message, status }: ShownMessage): string =>
  message?.error?.code === 'reply_truncated' ? 'Truncated' : (LABELS[status] ?? status);

/** The tokens that a reply took; empty while they are not known. */
export function usageText({ usage, model }: Message): string {
  if (usage === null) return '';
  const { promptTokens, cachedTokens, thoughtTokens, replyTokens } = usage;
  const parts = [`${promptTokens}${cachedTokens > 0 ? ` (${cachedTokens} cached)` : ''} in`, `${replyTokens} out`];
  if (thoughtTokens > 0) parts.push(`${thoughtTokens} thought`);
  return `${parts.join(', ')} tokens${model === null ? '' : ` · ${model}`}`;
}
