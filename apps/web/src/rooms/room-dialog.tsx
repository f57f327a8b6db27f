import type { Room } from '@gemini-chat/client';
import { ShareDialog } from '../sharing/share-dialog.js';
import { Confirmation } from '../ui/dialog.js';
import { notify, notifyError } from '../ui/notices.js';
import { createStore, useStore } from '../ui/store.js';
import { RoomSettings } from './room-settings.js';
import { titleOf } from './room-title.js';
import { deleteRoom } from './rooms-store.js';

/** A dialog about a room, and the room as it was when it was opened. */
interface OpenedDialog {
  about: 'settings' | 'sharing' | 'deletion';
  room: Room;
}

/**
 * The dialog that is open; null: none. Not a part of the list: a room's line moves, and leaves it, when another tab or a reply's
 * end changes the list, and a dialog in it would be closed by that.
 */
export const roomDialog = createStore<OpenedDialog | null>(null);

/** Shows the dialog that is open. */
export function RoomDialog() {
  const opened = useStore(roomDialog);
  if (opened === null) return null;
  const { about, room } = opened;
  // What is saved late, or closes late, must not close the dialog that was opened since.
  const close = (): void => {
    if (roomDialog.get() === opened) roomDialog.set(null);
  };
  if (about === 'settings') return <RoomSettings room={room} onClose={close} />;
  if (about === 'sharing') return <ShareDialog room={room} onClose={close} />;
  return (
    <Confirmation
      title="Delete this chat?"
      text={`“${titleOf(room)}” and all its messages will be deleted for good.`}
      action="Delete"
      onConfirm={() => void deleteRoom(room.id).then(() => notify('Deleted.'), notifyError)}
      onClose={close}
    />
  );
}
