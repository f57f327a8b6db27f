import type { ShownMessage } from '@gemini-chat/client/react';
import { useState } from 'preact/hooks';
import { CopyButton } from '../ui/copy-button.js';
import { errorText } from '../ui/error-text.js';
import { Icon } from '../ui/icon.js';
import { QuotaCard } from '../plan/quota-card.js';
import { MessageEditor } from './message-editor.js';

interface UserMessageProps {
  shown: ShownMessage;
  onResend: (id: string) => void;
  onDiscard: (id: string) => void;
  /** Null: only the latest question can be edited, and once its reply is finished. */
  onEdit: ((content: string) => Promise<void>) | null;
}

/** What the user wrote, as plain text. */
export function UserMessage({ shown, onResend, onDiscard, onEdit }: UserMessageProps) {
  const { id, content, status, sendError } = shown;
  const [editing, setEditing] = useState(false);
  return (
    <article class={`message message-user message-${status}`} aria-label="Your message">
      {editing && onEdit !== null ? (
        <MessageEditor content={content} onSave={onEdit} onClose={() => setEditing(false)} />
      ) : (
        <p class="message-text">{content}</p>
      )}
      <footer class="message-footer">
        {status === 'sending' && <span class="status">Sending</span>}
        <span class="message-actions">
          <CopyButton label="Copy the message" text={() => content} />
          {onEdit !== null && !editing && (
            <button
              type="button"
              class="icon-button"
              aria-label="Edit the message"
              title="Edit: ask it anew, for one message of your quota"
              onClick={() => setEditing(true)}
            >
              <Icon name="edit" size={16} />
            </button>
          )}
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
