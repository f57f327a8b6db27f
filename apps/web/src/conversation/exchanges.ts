import type { ConversationView } from '@gemini-chat/client/react';
import { useEffect, useRef } from 'preact/hooks';
import { keepUnsent } from '../composer/drafts.js';
import { noteQuota } from '../plan/plan-store.js';
import { noteExchange, shownRoom } from '../rooms/rooms-store.js';
import { announce, useRefresh } from '../tabs.js';

/** Tells the rest of the page, and the other tabs, what happens in a room, and takes notice of what they do in it. */
export function useExchanges(roomId: string, view: ConversationView): void {
  const { messages, quota, room, status } = view;
  const last = messages.findLast(({ message }) => message !== null)?.message ?? null;
  // Another reply, or another status of it.
  const state = last === null ? '' : `${last.id} ${last.completedAt ?? ''}`;
  const known = useRef<string | null>(null);
  useEffect(() => {
    if (status !== 'ready') return;
    const before = known.current;
    known.current = state;
    if (before === null || before === state) return;
    noteExchange(roomId);
    announce({ what: 'messages', roomId });
  }, [state, status]);
  useEffect(() => shownRoom.set(status === 'failed' ? null : room), [room, status]);
  useEffect(() => {
    if (quota !== null) noteQuota(quota);
  }, [quota]);
  const unsent = messages.filter((shown) => shown.status === 'unsent');
  const refused = unsent.map(({ content }) => content).join('\n\n');
  const files = unsent.flatMap((shown) => shown.files);
  useEffect(() => keepUnsent(roomId, refused, files), [refused, files.map(({ id }) => id).join()]);
  useRefresh(
    (change) => change.what === 'messages' && change.roomId === roomId,
    () => void view.reload(),
  );
}
