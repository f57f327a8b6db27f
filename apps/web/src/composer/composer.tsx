import type { ChatFile } from '@gemini-chat/client';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Attachments } from '../files/attachments.js';
import { Icon } from '../ui/icon.js';
import { useStore } from '../ui/store.js';
import { AttachButton } from './attach-button.js';
import { AttachmentList } from './attachment-list.js';
import { composerInsert } from './composer-insert.js';
import { keepDraft, readDraft } from './drafts.js';
import { useSending } from './use-sending.js';

interface ComposerProps {
  roomId: string;
  /** A reply is queued or written: it can be stopped. */
  busy: boolean;
  attachments: Attachments;
  onSend: (content: string, files: ChatFile[]) => void;
  onStop: () => void;
}

/** Where a message is written. Enter sends, Shift and Enter begin a new line. */
export function Composer({ roomId, busy, attachments, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState(() => readDraft(roomId));
  const area = useRef<HTMLTextAreaElement>(null);
  const insert = useStore(composerInsert);
  const write = (next: string): void => {
    setText(next);
    keepDraft(roomId, next);
  };
  const chosen = useStore(attachments.chosen);
  const { send, hint } = useSending(text, chosen, () => {
    onSend(text, attachments.take());
    write('');
  });
  // Before the next key, which may be the Enter that sends.
  useLayoutEffect(() => {
    if (insert === null) return;
    composerInsert.set(null);
    write(insert.as === 'directive' ? withDirective(text, insert.text) : `${insert.text}\n\n${text}`.trim());
    if (insert.as !== 'rescued' || document.activeElement === document.body) area.current?.focus();
  }, [insert]);
  useLayoutEffect(() => grow(area.current), [text]);
  useLayoutEffect(() => onWidth(area.current), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    send();
  };
  return (
    <form class="composer" onSubmit={submit}>
      <AttachmentList attachments={attachments} chosen={chosen} onRemoved={() => area.current?.focus()} />
      <p class="composer-note" role="status">
        {hint}
      </p>
      <AttachButton onFiles={(files) => attachments.add(files)} />
      <textarea
        ref={area}
        rows={1}
        aria-label="Message"
        aria-describedby="composer-hint"
        placeholder="Write a message"
        enterkeyhint="send"
        value={text}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={(event) => sends(event) && submit(event)}
        onPaste={(event) => attachments.add(pastedFiles(event))}
      />
      {busy && (
        <button type="button" class="button" onClick={onStop}>
          <Icon name="stop" /> Stop
        </button>
      )}
      <button type="submit" class="button button-primary" disabled={text.trim() === '' && chosen.length === 0}>
        <Icon name="send" /> Send
      </button>
    </form>
  );
}

/** While a word is composed, as in Japanese, Enter chooses it. */
const sends = ({ key, shiftKey, isComposing }: KeyboardEvent): boolean => key === 'Enter' && !shiftKey && !isComposing;

/** The files that are pasted. Of a text that was copied along with an image of it, the text is meant. */
function pastedFiles(event: ClipboardEvent): File[] {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length === 0 || event.clipboardData?.types.includes('text/plain')) return [];
  event.preventDefault();
  return files;
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

/** Fits the height to each new width, as of a phone that is turned. @returns what ends that */
function onWidth(area: HTMLTextAreaElement | null): (() => void) | undefined {
  if (area === null) return undefined;
  let width = area.clientWidth;
  const observer = new ResizeObserver(() => {
    if (area.clientWidth === width) return;
    width = area.clientWidth;
    grow(area);
  });
  observer.observe(area);
  return () => observer.disconnect();
}
