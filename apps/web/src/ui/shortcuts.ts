import { useEffect } from 'preact/hooks';
import { createAndOpenRoom } from '../rooms/rooms-store.js';
import { callsOpen, setCallsOpen } from './calls-open.js';

/** Each shortcut, as it is shown to people. With Alt, so that none takes a key from a text field. */
export const SHORTCUTS: [keys: string, meaning: string][] = [
  ['Enter', 'send the message; Shift Enter begins a new line'],
  ['Alt N', 'new chat'],
  ['Alt K', 'search in all chats'],
  ['Alt D', 'show or hide the calls'],
  ['Escape', 'close a dialog, a menu, the search or the calls'],
];

const ACTIONS: Record<string, () => void> = {
  KeyN: () => void createAndOpenRoom(),
  KeyK: () => document.getElementById('search')?.focus(),
  KeyD: () => setCallsOpen(!callsOpen.get()),
};

/** Listens to the shortcuts while the component is shown. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const action = event.altKey && !event.ctrlKey && !event.metaKey ? ACTIONS[event.code] : undefined;
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
