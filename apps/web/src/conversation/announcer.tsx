import type { ShownMessage } from '@gemini-chat/client/react';
import { useEffect, useRef, useState } from 'preact/hooks';
import { plainTextOf } from '../markdown/plain-text.js';
import { isGrowing, statusLabel } from './reply-status.js';

/** Longer answers are read in the list. */
const SAID_CHARACTERS = 400;

/** Says a new answer to a screen reader once it is complete, and not while it grows. */
export function Announcer({ messages }: { messages: ShownMessage[] }) {
  const [said, setSaid] = useState('');
  const growing = useRef<string | null>(null);
  const last = messages.at(-1);
  useEffect(() => {
    if (last?.role !== 'bot') return;
    if (isGrowing(last)) {
      growing.current = last.id;
    } else if (growing.current === last.id) {
      growing.current = null;
      setSaid(`Reply, ${statusLabel(last).toLowerCase()}: ${plainTextOf(last.content).slice(0, SAID_CHARACTERS)}`);
    }
  }, [last?.id, last?.status]);
  return (
    <p class="visually-hidden" aria-live="polite">
      {said}
    </p>
  );
}
