import { useEffect, useRef, useState } from 'preact/hooks';
import { useAction } from '../ui/use-action.js';

interface MessageEditorProps {
  content: string;
  /** The message has files, which it keeps, and so needs no text. */
  mayBeEmpty: boolean;
  /** Rejects where the message can't be edited. Null: it can't be now, since the room went on, which takes nothing of what is typed. */
  onSave: ((content: string) => Promise<void>) | null;
  /** What is said where it can't be. */
  whyNot: string;
  /** Not where it comes by itself, when someone may be typing elsewhere. */
  takesFocus: boolean;
  onType: (text: string) => void;
  onClose: () => void;
}

/** The latest question, to be asked anew. Escape leaves it as it is. */
export function MessageEditor(props: MessageEditorProps) {
  const { content, mayBeEmpty, onSave, whyNot, takesFocus, onType, onClose } = props;
  const [text, setText] = useState(content);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (takesFocus) area.current?.focus();
  }, []);
  const save = useAction(async () => {
    if (onSave === null) return;
    await onSave(text);
    onClose();
  });
  return (
    <form
      class="message-editor"
      onSubmit={(event) => {
        event.preventDefault();
        save.run();
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
        // What is typed after “Ask anew” would not be asked.
        readOnly={save.busy}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          onType(currentTarget.value);
        }}
      />
      {save.error !== null && (
        <p class="message-notice message-notice-error" role="alert">
          Not edited. {save.error}
        </p>
      )}
      <p class="message-editor-note" role="status">
        {onSave === null && !save.busy && whyNot}
      </p>
      <div class="unsent-actions">
        <button
          type="submit"
          class="button button-small"
          disabled={onSave === null || save.busy || (text.trim() === '' && !mayBeEmpty)}
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
