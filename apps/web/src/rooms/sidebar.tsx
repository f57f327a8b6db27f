import { useState } from 'preact/hooks';
import { PlanCorner } from '../plan/plan-corner.js';
import { Brand } from '../ui/brand.js';
import { Icon } from '../ui/icon.js';
import { useStore } from '../ui/store.js';
import { RoomItems } from './room-items.js';
import './rooms.css';
import { createAndOpenRoom, roomList, showArchived } from './rooms-store.js';
import { SearchField } from './search-field.js';
import { SearchHits } from './search-hits.js';

/** The rooms, the search through them, and the corner with plan and account. */
export function Sidebar() {
  const [words, setWords] = useState('');
  const { archived } = useStore(roomList);
  return (
    <div class="sidebar">
      <header>
        <Brand />
        <div class="sidebar-top">
          <button type="button" class="button button-primary button-wide" onClick={() => void createAndOpenRoom()}>
            <Icon name="plus" />
            New chat
          </button>
          <SearchField words={words} onChange={setWords} />
        </div>
      </header>
      <nav class="rooms" aria-label={words === '' ? 'Chats' : 'Search results'}>
        {words === '' ? <RoomItems /> : <SearchHits words={words} onLeave={() => setWords('')} />}
      </nav>
      {words === '' && (
        <button type="button" class="rooms-archive" onClick={() => void showArchived(!archived)}>
          <Icon name={archived ? 'left' : 'archive'} size={16} />
          {archived ? 'Back to all chats' : 'Archived chats'}
        </button>
      )}
      <PlanCorner />
    </div>
  );
}
