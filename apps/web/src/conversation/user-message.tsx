import type { ChatFile } from '@gemini-chat/client';
import type { ShownMessage } from '@gemini-chat/client/react';
import { useState } from 'preact/hooks';
import { keepEdit, readEdit } from '../composer/drafts.js';
import { MessageFiles } from '../files/message-files.js';
import { useNotTaken } from '../files/not-taken.js';
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
  /** Null: it can't be edited now. */
  onEdit: ((content: string) => Promise<void>) | null;
  /** Whether it is the room's latest question: only that can be edited, once its reply is finished. */
  isLatest: boolean;
}

/** What the user wrote, as plain text, and its files. */
export function UserMessage({ shown, onResend, onDiscard, onChange, onEdit, isLatest }: UserMessageProps) {
  const { id, content, files, status } = shown;
  const roomId = shown.message?.chatroomId ?? '';
  /** The text of an edit that was begun before the message was shown; null: none. */
  const [begun, setBegun] = useState(() => editOf(roomId, id));
  const [editing, setEditing] = useState(begun !== null);
  return (
    <article class={`message message-user message-${status}`} aria-label="Your message">
      <MessageFiles files={files} />
      {editing ? (
        <MessageEditor
          content={begun ?? content}
          mayBeEmpty={files.length > 0}
          onSave={onEdit}
          whyNot={
            isLatest
              ? 'It can be asked anew once the reply is finished.'
              : 'Only the latest question can be asked anew.'
          }
          onType={(text) => keepEdit(roomId, { id, text })}
          onClose={() => {
            keepEdit(roomId, null);
            setBegun(null);
            setEditing(false);
          }}
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
        <Unsent shown={shown} onResend={() => onResend(id)} onDiscard={onDiscard} onChange={onChange} />
      )}
    </article>
  );
}

function editOf(roomId: string, id: string): string | null {
  const edit = readEdit(roomId);
  return edit?.id === id ? edit.text : null;
}

type UnsentProps = Pick<UserMessageProps, 'shown' | 'onDiscard' | 'onChange'> & { onResend: () => void };

/** Why a message was not sent, and what can be done. */
function Unsent({ shown, onResend, onDiscard, onChange }: UnsentProps) {
  return (
    <div class="unsent" role="alert">
      <Refusal shown={shown} />
      <div class="unsent-actions">
        <button type="button" class="button button-small" onClick={onResend}>
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
  );
}

function Refusal({ shown: { sendError, files } }: { shown: ShownMessage }) {
  if (sendError?.code === 'daily_quota_exceeded') return <QuotaCard error={sendError} />;
  if (sendError?.code === 'model_cannot_take_file') return <NotTaken files={files} text={errorText(sendError)} />;
  return <NotSent text={errorText(sendError)} />;
}

/** @param text where the files can't be named */
function NotTaken({ files, text }: { files: readonly ChatFile[]; text: string }) {
  return <NotSent text={useNotTaken(files) ?? text} />;
}

const NotSent = ({ text }: { text: string }) => <p class="message-notice message-notice-error">Not sent. {text}</p>;
