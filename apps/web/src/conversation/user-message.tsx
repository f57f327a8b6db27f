import type { ChatFile } from '@gemini-chat/client';
import type { ShownMessage } from '@gemini-chat/client/react';
import { useState } from 'preact/hooks';
import { forgetEdit, keepEdit, readEdit } from '../composer/drafts.js';
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
  /** The model that the room has; null: the default of the plan, undefined: not known. */
  model: string | null | undefined;
}

/** What the user wrote, as plain text, and its files. */
export function UserMessage({ shown, onResend, onDiscard, onChange, onEdit, isLatest, model }: UserMessageProps) {
  const { id, content, files, status } = shown;
  const roomId = shown.message?.chatroomId ?? '';
  /** The text of an edit that was begun before the message was shown; null: none. */
  const [begun, setBegun] = useState(() => readEdit(roomId, id));
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
          takesFocus={begun === null}
          onType={(text) => keepEdit(roomId, { id, text })}
          onClose={() => {
            forgetEdit(roomId, id);
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
        <Unsent shown={shown} model={model} onResend={() => onResend(id)} onDiscard={onDiscard} onChange={onChange} />
      )}
    </article>
  );
}

type UnsentProps = Pick<UserMessageProps, 'shown' | 'model' | 'onDiscard' | 'onChange'> & { onResend: () => void };

/** Why a message was not sent, and what can be done. */
function Unsent({ shown, model, onResend, onDiscard, onChange }: UnsentProps) {
  return (
    <div class="unsent" role="alert">
      <Refusal shown={shown} model={model} />
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

function Refusal({ shown: { sendError, files }, model }: Pick<UserMessageProps, 'shown' | 'model'>) {
  if (sendError?.code === 'daily_quota_exceeded') return <QuotaCard error={sendError} />;
  const text = errorText(sendError);
  if (sendError?.code === 'model_cannot_take_file') return <NotTaken files={files} model={model} text={text} />;
  return <NotSent text={text} />;
}

interface NotTakenProps {
  files: readonly ChatFile[];
  model: string | null | undefined;
  /** What is said where the files can't be named. */
  text: string;
}

function NotTaken({ files, model, text }: NotTakenProps) {
  return <NotSent text={useNotTaken(files, model) ?? text} />;
}

const NotSent = ({ text }: { text: string }) => <p class="message-notice message-notice-error">Not sent. {text}</p>;
