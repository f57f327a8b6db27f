import type { ShownMessage } from '@gemini-chat/client/react';
import { CopyButton } from '../ui/copy-button.js';
import { errorText } from '../ui/error-text.js';
import { QuotaCard } from '../plan/quota-card.js';

interface UserMessageProps {
  shown: ShownMessage;
  onResend: (id: string) => void;
  onDiscard: (id: string) => void;
}

/** What the user wrote, as plain text. */
export function UserMessage({ shown, onResend, onDiscard }: UserMessageProps) {
  const { id, content, status, sendError } = shown;
  return (
    <article class={`message message-user message-${status}`} aria-label="Your message">
      <p class="message-text">{content}</p>
      <footer class="message-footer">
        {status === 'sending' && <span class="status">Sending</span>}
        <span class="message-actions">
          <CopyButton label="Copy the message" text={() => content} />
        </span>
      </footer>
      {status === 'unsent' && (
        <div class="unsent" role="alert">
          {sendError?.code === 'daily_quota_exceeded' ? (
            <QuotaCard error={sendError} />
          ) : (
            <p class="message-notice message-notice-error">Not sent. {errorText(sendError)}</p>
          )}
          <div class="unsent-actions">
            <button type="button" class="button button-small" onClick={() => onResend(id)}>
              Send again
            </button>
            <button type="button" class="button button-quiet button-small" onClick={() => onDiscard(id)}>
              Discard
            </button>
          </div>
        </div>
      )}
    </article>
  );
}
