import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../ui/icon.js';
import { useStore } from '../ui/store.js';
import { composerInsert } from './composer-insert.js';
import { keepDraft, readDraft } from './drafts.js';

interface ComposerProps {
  roomId: string;
  /** A reply is queued or written: it can be stopped. */
  busy: boolean;
  onSend: (content: string) => void;
  onStop: () => void;
}

/** Where a message is written. Enter sends, Shift and Enter begin a new line. */
export function Composer({ roomId, busy, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState(() => readDraft(roomId));
  const area = useRef<HTMLTextAreaElement>(null);
  const insert = useStore(composerInsert);
  const write = (next: string): void => {
    setText(next);
    keepDraft(roomId, next);
  };
  // Before the next key, which may be the Enter that sends.
  useLayoutEffect(() => {
    if (insert === null) return;
    composerInsert.set(null);
    write(withDirective(text, insert.text));
    area.current?.focus();
  }, [insert]);
  useLayoutEffect(() => grow(area.current), [text]);
  const send = (): void => {
    if (text.trim() === '') return;
    onSend(text);
    write('');
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // While a word is composed, as in Japanese, Enter chooses it.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        rows={1}
        aria-label="Message"
        aria-describedby="composer-hint"
        placeholder="Write a message"
        enterkeyhint="send"
        value={text}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {busy && (
        <button type="button" class="button" onClick={onStop}>
          <Icon name="stop" /> Stop
        </button>
      )}
      <button type="submit" class="button button-primary" disabled={text.trim() === ''}>
        <Icon name="send" /> Send
      </button>
    </form>
  );
}

/** A message has one directive: another one takes its place. */
const withDirective = (text: string, directive: string): string =>
  `${text.replace(/\s*\[\[behaviour:[^\]]*\]\]/g, '').trimEnd() || 'Why is the sky blue?'} ${directive}`;

/** As high as its text; the style sheet bounds it. */
function grow(area: HTMLTextAreaElement | null): void {
  if (area === null) return;
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight + 2}px`;
}
