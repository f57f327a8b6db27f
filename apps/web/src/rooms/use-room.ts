import type { Room } from '@gemini-chat/client';
import { useStore } from '../ui/store.js';
import { roomList, shownRoom } from './rooms-store.js';

/** A room of the list, or the one that is shown; null while it isn't known, or when there is none. */
export function useRoom(roomId: string): Room | null {
  const { rooms } = useStore(roomList);
  const shown = useStore(shownRoom);
  return rooms.find(({ id }) => id === roomId) ?? (shown?.id === roomId ? shown : null);
}
