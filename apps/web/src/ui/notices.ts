import { errorText } from './error-text.js';
import { createStore } from './store.js';

/** A short message at the edge of the page, which screen readers say aloud. */
export interface Notice {
  id: number;
  kind: 'info' | 'error';
  text: string;
}

const SHOWN_MS = 6_000;
let lastId = 0;

/** Those that are shown now, the oldest first. */
export const notices = createStore<Notice[]>([]);

/** Tells that something was done. */
export const notify = (text: string): void => show('info', text);

/** Tells why something was not done. */
export const notifyError = (error: unknown): void => show('error', errorText(error));

export function dismiss(id: number): void {
  notices.set(notices.get().filter((notice) => notice.id !== id));
}

function show(kind: Notice['kind'], text: string): void {
  const id = ++lastId;
  notices.set([...notices.get().filter((notice) => notice.text !== text), { id, kind, text }].slice(-3));
  dismissLater(id);
}

/** Whether someone points at the notices, or has the focus in them: what is read, or is just to be dismissed, stays. */
const areHeld = (): boolean => document.querySelector('.notices:is(:hover, :focus-within)') !== null;

function dismissLater(id: number): void {
  setTimeout(() => (areHeld() ? dismissLater(id) : dismiss(id)), SHOWN_MS);
}
