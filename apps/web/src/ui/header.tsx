import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { hrefOf } from '../route.js';
import { callsOpen, setCallsOpen } from './calls-open.js';
import { Icon } from './icon.js';
import { useStore } from './store.js';

/** The line above a view: its title, what can be done there, and the button of the drawer. */
export function Header({ title, children }: { title: string; children?: ComponentChildren }) {
  const open = useStore(callsOpen);
  useEffect(() => {
    document.title = `${title} · Gemini Chat`;
  }, [title]);
  return (
    <header class="header">
      <a class="icon-button header-back" href={hrefOf({ page: 'home' })} aria-label="Back to the chats">
        <Icon name="back" />
      </a>
      <h1 class="header-title">{title}</h1>
      {children}
      <button
        type="button"
        class="icon-button calls-button"
        aria-pressed={open}
        aria-label="Calls"
        title="Each call to the API as it happens (Alt D)"
        onClick={() => setCallsOpen(!open)}
      >
        <Icon name="calls" />
        <span>Calls</span>
      </button>
    </header>
  );
}
