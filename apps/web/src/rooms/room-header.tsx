import { Header } from '../ui/header.js';
import { Icon } from '../ui/icon.js';
import { titleOf } from './room-title.js';
import { RoomMenu } from './room-menu.js';
import { useRoom } from './use-room.js';

/** The name of the room that is shown, and what can be done with it. */
export function RoomHeader({ roomId }: { roomId: string }) {
  const room = useRoom(roomId);
  return (
    <Header title={room === null ? 'Chat' : titleOf(room)}>
      {room?.pinned === true && <Icon name="pin" size={16} />}
      {room?.archived === true && <span class="badge">Archived</span>}
      {room !== null && <RoomMenu room={room} />}
    </Header>
  );
}
