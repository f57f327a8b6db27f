import type { Room } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { notifyError } from '../ui/notices.js';
import { useStore } from '../ui/store.js';
import { lastReadRoom, readRoom, roomList } from './rooms-store.js';

/** A room of the list, or one that is read by itself; null while it isn't known, or when there is none. */
export function useRoom(roomId: string): Room | null {
  const list = useStore(roomList);
  const read = useStore(lastReadRoom);
  const [asked, setAsked] = useState(false);
  const listed = list.rooms.find(({ id }) => id === roomId) ?? null;
  const known = listed ?? (read?.id === roomId ? read : null);
  const isMissing = known === null && list.status !== 'loading' && !asked;
  useEffect(() => {
    if (!isMissing) return;
    setAsked(true);
    readRoom(roomId).catch(notifyError);
  }, [isMissing, roomId]);
  return known;
}
