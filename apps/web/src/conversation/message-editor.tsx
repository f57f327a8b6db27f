import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../ui/error-text.js';

interface MessageEditorProps {
  content: string;
  /** The message has files, which it keeps, and so needs no text. */
  mayBeEmpty: boolean;
  /** Rejects where the message can't be edited. Null: it can't be now, since the room went on, which takes nothing of what is typed. */
  onSave: ((content: string) => Promise<void>) | null;
  /** What is said where it can't be. */
  whyNot: string;
  onType: (text: string) => void;
  onClose: () => void;
}

/** The latest question, to be asked anew. Escape leaves it as it is. */
export function MessageEditor({ content, mayBeEmpty, onSave, whyNot, onType, onClose }: MessageEditorProps) {
  const [text, setText] = useState(content);
  const [error, setError] = useState<unknown>(null);
  const [saving, setSaving] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus(), []);
  const save = (): void => {
    if (onSave === null) return;
    setSaving(true);
    onSave(text).then(onClose, (failure: unknown) => {
      setError(failure);
      setSaving(false);
    });
  };
  return (
    <form
      class="message-editor"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.isComposing) onClose();
      }}
    >
      <textarea
        ref={area}
        rows={4}
        aria-label="Edit your message"
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          onType(currentTarget.value);
        }}
      />
      {error !== null && (
        <p class="message-notice message-notice-error" role="alert">
          Not edited. {errorText(error)}
        </p>
      )}
      <p class="message-editor-note" role="status">
        {onSave === null && !saving && whyNot}
      </p>
      <div class="unsent-actions">
        <button
          type="submit"
          class="button button-small"
          disabled={onSave === null || saving || (text.trim() === '' && !mayBeEmpty)}
        >
          Ask anew
        </button>
        <button type="button" class="button button-quiet button-small" onClick={onClose}>
          Leave it
        </button>
      </div>
    </form>
  );
}
