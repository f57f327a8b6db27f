import type { Room } from '@gemini-chat/client';
import { useState } from 'preact/hooks';
import { ShareDialog } from '../sharing/share-dialog.js';
import { Confirmation } from '../ui/dialog.js';
import { Menu, type MenuItem } from '../ui/menu.js';
import { notify, notifyError } from '../ui/notices.js';
import { titleOf } from './room-title.js';
import { RoomSettings } from './room-settings.js';
import { changeRoom, deleteRoom } from './rooms-store.js';

type Opened = 'settings' | 'sharing' | 'deletion' | null;

/** What can be done with a room. */
export function RoomMenu({ room }: { room: Room }) {
  const [opened, setOpened] = useState<Opened>(null);
  const attempt = (work: Promise<unknown>, done: string): void => void work.then(() => notify(done), notifyError);
  const items: MenuItem[] = [
    { icon: 'edit', text: 'Rename and settings', onChoose: () => setOpened('settings') },
    { icon: 'external', text: 'Share', onChoose: () => setOpened('sharing') },
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
    { icon: 'trash', text: 'Delete', isDanger: true, onChoose: () => setOpened('deletion') },
  ];
  return (
    <>
      <Menu label={`Actions for ${titleOf(room)}`} items={items} />
      {opened === 'settings' && <RoomSettings room={room} onClose={() => setOpened(null)} />}
      {opened === 'sharing' && <ShareDialog room={room} onClose={() => setOpened(null)} />}
      {opened === 'deletion' && (
        <Confirmation
          title="Delete this chat?"
          text={`“${titleOf(room)}” and all its messages will be deleted for good.`}
          action="Delete"
          onConfirm={() => attempt(deleteRoom(room.id), 'Deleted.')}
          onClose={() => setOpened(null)}
        />
      )}
    </>
  );
}
