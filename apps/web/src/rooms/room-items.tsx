import type { Room } from '@gemini-chat/client';
import { useRef } from 'preact/hooks';
import { hrefOf, useRoute } from '../route.js';
import { Icon } from '../ui/icon.js';
import { useKeptFocus } from '../ui/kept-focus.js';
import { useStore } from '../ui/store.js';
import { RoomMenu } from './room-menu.js';
import { titleOf } from './room-title.js';
import { loadMoreRooms, loadRooms, roomList } from './rooms-store.js';

/** The loaded part of the list, and what leads further. */
export function RoomItems() {
  const { status, rooms, nextCursor, archived } = useStore(roomList);
  const route = useRoute();
  const shown = route.page === 'room' ? route.roomId : null;
  const list = useRef<HTMLUListElement>(null);
  useKeptFocus(list);
  if (status === 'loading' && rooms.length === 0) return <p class="empty">Loading …</p>;
  if (status === 'failed') {
    return (
      <div class="empty">
        <p>The chats could not be loaded.</p>
        <button type="button" class="button-link" onClick={() => void loadRooms()}>
          Try again
        </button>
      </div>
    );
  }
  if (rooms.length === 0) {
    return <p class="empty">{archived ? 'Nothing is archived.' : 'No chats yet. Begin one above.'}</p>;
  }
  return (
    <>
      <ul ref={list}>
        {rooms.map((room) => (
          <RoomItem key={room.id} room={room} isShown={room.id === shown} />
        ))}
      </ul>
      {nextCursor !== null && (
        <button type="button" class="button button-quiet button-wide" onClick={() => void loadMoreRooms()}>
          More chats
        </button>
      )}
    </>
  );
}

function RoomItem({ room, isShown }: { room: Room; isShown: boolean }) {
  return (
    <li class={isShown ? 'room room-shown' : 'room'}>
      <a
        class="room-link"
        href={hrefOf({ page: 'room', roomId: room.id })}
        aria-current={isShown ? 'page' : undefined}
        title={titleOf(room)}
      >
        {room.pinned && (
          <>
            <Icon name="pin" size={15} />
            <span class="visually-hidden">Pinned: </span>
          </>
        )}
        <span class="room-title">{titleOf(room)}</span>
      </a>
      <RoomMenu room={room} />
    </li>
  );
}
