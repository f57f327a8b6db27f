import { useLayoutEffect, useState } from 'preact/hooks';
import { type Attachment, isUploading } from '../files/attachments.js';

/** The sending of a message, which may have to wait for its files. */
export interface Sending {
  send: () => void;
  /** Why it is not sent yet; empty: nothing is in its way. */
  hint: string;
}

/** Sends a message once all its files are uploaded. Whoever goes on writing, or takes a file out, has it wait for another Enter. */
export function useSending(text: string, chosen: readonly Attachment[], sendNow: () => void): Sending {
  /** What is to be sent: the text, and the keys of the files. Null: nothing. */
  const [pressed, setPressed] = useState<{ text: string; files: string } | null>(null);
  const files = chosen.map(({ key }) => key).join();
  const uploading = chosen.some(isUploading);
  const failed = chosen.some(({ error }) => error !== null);
  const empty = text.trim() === '' && chosen.length === 0;
  // Before the next key: Enter would send it a second time.
  useLayoutEffect(() => {
    if (pressed === null) return;
    if (pressed.text !== text || pressed.files !== files || empty) return setPressed(null);
    if (uploading || failed) return;
    setPressed(null);
    sendNow();
  }, [pressed, text, chosen]);
  const send = (): void => {
    if (empty) return;
    if (uploading || failed) setPressed({ text, files });
    else sendNow();
  };
  return { send, hint: pressed === null ? '' : hintOf(chosen) };
}

function hintOf(chosen: readonly Attachment[]): string {
  const failed = chosen.filter(({ error }) => error !== null);
  if (failed.length > 0) {
    const also = failed.some(({ mayRetry }) => mayRetry) ? ', or upload it again' : '';
    return `Not sent: remove the file that could not be uploaded${also}.`;
  }
  return chosen.some(isUploading) ? 'It is sent as soon as its files are uploaded.' : '';
}
