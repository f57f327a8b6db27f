import type { Room } from '@gemini-chat/client';
import { Menu, type MenuItem } from '../ui/menu.js';
import { notify, notifyError } from '../ui/notices.js';
import { roomDialog } from './room-dialog.js';
import { titleOf } from './room-title.js';
import { changeRoom } from './rooms-store.js';

/** What can be done with a room. */
export function RoomMenu({ room }: { room: Room }) {
  const attempt = (work: Promise<unknown>, done: string): void => void work.then(() => notify(done), notifyError);
  const items: MenuItem[] = [
    { icon: 'edit', text: 'Rename and settings', onChoose: () => roomDialog.set({ about: 'settings', room }) },
    { icon: 'external', text: 'Share', onChoose: () => roomDialog.set({ about: 'sharing', room }) },
    {
      icon: 'pin',
      text: room.pinned ? 'Unpin' : 'Pin',
      onChoose: () => attempt(changeRoom(room.id, { pinned: !room.pinned }), room.pinned ? 'Unpinned.' : 'Pinned.'),
    },
    {
      icon: room.archived ? 'restore' : 'archive',
      text: room.archived ? 'Restore from the archive' : 'Archive',
      onChoose: () =>
        attempt(changeRoom(room.id, { archived: !room.archived }), room.archived ? 'Restored.' : 'Archived.'),
    },
    { icon: 'trash', text: 'Delete', isDanger: true, onChoose: () => roomDialog.set({ about: 'deletion', room }) },
  ];
  return <Menu label={`Actions for ${titleOf(room)}`} items={items} />;
}
