import { createStore } from './store.js';

const KEY = 'gemini-chat-calls';

/** Whether the drawer of calls is open. */
export const callsOpen = createStore(localStorage.getItem(KEY) === 'open');

export function setCallsOpen(open: boolean): void {
  callsOpen.set(open);
  localStorage.setItem(KEY, open ? 'open' : 'closed');
}
