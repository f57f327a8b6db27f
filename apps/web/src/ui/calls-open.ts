import { createStore } from './store.js';

const KEY = 'gemini-chat-calls';

/** Where the window is too narrow for both, the drawer covers the view. The style sheet of the shell has the same width. */
export const callsCoverView = (): boolean => matchMedia('(width < 1100px)').matches;

/** Whether the drawer of calls is open. It stays open over reloads, but never starts above the view. */
export const callsOpen = createStore(localStorage.getItem(KEY) === 'open' && !callsCoverView());

export function setCallsOpen(open: boolean): void {
  callsOpen.set(open);
  localStorage.setItem(KEY, open ? 'open' : 'closed');
}
