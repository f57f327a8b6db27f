import type { ShownMessage } from '@gemini-chat/client/react';
import { useState } from 'preact/hooks';
import { MessageFiles } from '../files/message-files.js';
import { CopyButton } from '../ui/copy-button.js';
import { errorText } from '../ui/error-text.js';
import { Icon } from '../ui/icon.js';
import { QuotaCard } from '../plan/quota-card.js';
import { MessageEditor } from './message-editor.js';

interface UserMessageProps {
  shown: ShownMessage;
  onResend: (id: string) => void;
  onDiscard: () => void;
  /** Makes the message that was refused the one that is being written. */
  onChange: () => void;
  /** Null: only the latest question can be edited, and once its reply is finished. */
  onEdit: ((content: string) => Promise<void>) | null;
}

/** What the user wrote, as plain text, and its files. */
export function UserMessage({ shown, onResend, onDiscard, onChange, onEdit }: UserMessageProps) {
  const { id, content, files, status, sendError } = shown;
  const [editing, setEditing] = useState(false);
  return (
    <article class={`message message-user message-${status}`} aria-label="Your message">
      <MessageFiles files={files} />
      {editing && onEdit !== null ? (
        <MessageEditor
          content={content}
          mayBeEmpty={files.length > 0}
          onSave={onEdit}
          onClose={() => setEditing(false)}
        />
      ) : (
        content !== '' && <p class="message-text">{content}</p>
      )}
      <footer class="message-footer">
        {status === 'sending' && <span class="status">Sending</span>}
        <span class="message-actions">
          {content !== '' && <CopyButton label="Copy the message" text={() => content} />}
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
            <button type="button" class="button button-small" onClick={onChange}>
              Change
            </button>
            <button type="button" class="button button-quiet button-small" onClick={onDiscard}>
              Discard
            </button>
          </div>
        </div>
      )}
    </article>
  );
}
