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
  /** The text that is to be sent. Null: none. */
  const [pressed, setPressed] = useState<string | null>(null);
  const uploading = chosen.some(isUploading);
  const failed = chosen.some(({ error }) => error !== null);
  const empty = text.trim() === '' && chosen.length === 0;
  // Before the next key: Enter would send it a second time.
  useLayoutEffect(() => {
    if (pressed === null) return;
    if (pressed !== text || empty) return setPressed(null);
    if (uploading || failed) return;
    setPressed(null);
    sendNow();
  }, [pressed, text, chosen]);
  const send = (): void => {
    if (empty) return;
    if (uploading || failed) setPressed(text);
    else sendNow();
  };
  return { send, hint: pressed === null ? '' : hintOf(uploading, failed) };
}

function hintOf(uploading: boolean, failed: boolean): string {
  if (failed) return 'Not sent: remove the file that could not be uploaded, or upload it again.';
  return uploading ? 'It is sent as soon as its files are uploaded.' : '';
}
