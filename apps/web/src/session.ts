import type { Session } from '@gemini-chat/client';
import { client } from './client.js';
import { createStore } from './ui/store.js';

/** Who is logged in; null: no one; undefined: not known yet. */
export const session = createStore<Session | null | undefined>(undefined);

/** Follows the session, which other tabs may begin and end, too. */
export function followSession(): void {
  client.auth.onChange(session.set);
  client.auth.session().then(
    (known) => session.get() === undefined && session.set(known),
    () => session.set(null),
  );
}
