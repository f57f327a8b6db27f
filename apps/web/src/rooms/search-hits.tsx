import type { PagedList, SearchHit } from '@gemini-chat/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { client } from '../client.js';
import { hrefOf } from '../route.js';
import { errorText } from '../ui/error-text.js';
import { useStore } from '../ui/store.js';
import { dayText } from '../ui/time.js';
import { titleOf } from './room-title.js';
import { roomList } from './rooms-store.js';

/** What has been found so far. */
interface Found {
  status: 'searching' | 'ready' | 'failed';
  hits: SearchHit[];
  nextCursor: string | null;
  error: string;
}

const QUIET_MS = 250;

/** A call looks at a bounded amount of text, so a page may be empty and not the last: so many are read at once. */
const PAGES_AT_ONCE = 5;

const NOTHING: Found = { status: 'searching', hits: [], nextCursor: null, error: '' };

/** Messages that contain the words, newest first; each leads to its room. */
export function SearchHits({ words, onLeave }: { words: string; onLeave: () => void }) {
  const { found, more } = useSearch(words.trim());
  const { status, hits, nextCursor, error } = found;
  return (
    <>
      <p class="visually-hidden" role="status">
        {status === 'ready' && `${hits.length} messages found`}
      </p>
      {status === 'failed' && <p class="empty">{error}</p>}
      {status === 'searching' && hits.length === 0 && <p class="empty">Searching …</p>}
      {status === 'ready' && hits.length === 0 && <p class="empty">No message contains these words.</p>}
      <ul>
        {hits.map((hit) => (
          <Hit key={hit.message.id} hit={hit} onLeave={onLeave} />
        ))}
      </ul>
      {nextCursor !== null && status === 'ready' && (
        <button type="button" class="button button-quiet button-wide" onClick={more}>
          Older messages
        </button>
      )}
    </>
  );
}

function Hit({ hit, onLeave }: { hit: SearchHit; onLeave: () => void }) {
  const { rooms } = useStore(roomList);
  const room = rooms.find(({ id }) => id === hit.chatroomId);
  return (
    <li>
      <a class="hit" href={hrefOf({ page: 'room', roomId: hit.chatroomId })} onClick={onLeave}>
        <span class="hit-head">
          <span class="hit-room">{room === undefined ? 'Chat' : titleOf(room)}</span>
          <span>{dayText(hit.message.createdAt)}</span>
        </span>
        <span class="hit-snippet">{hit.snippet}</span>
      </a>
    </li>
  );
}

/** Searches when no more is typed. */
function useSearch(words: string) {
  const [found, setFound] = useState(NOTHING);
  /** What is searched for these words. Pages of an earlier search come too late. */
  const search = useRef<PagedList<SearchHit> | null>(null);
  const read = async (list: PagedList<SearchHit>, before: Found): Promise<void> => {
    const after = await readPages(list, before);
    if (search.current === list) setFound(after);
  };
  useEffect(() => {
    setFound(NOTHING);
    const timer = setTimeout(() => {
      search.current = client.search(words);
      void read(search.current, NOTHING);
    }, QUIET_MS);
    return () => {
      search.current = null;
      clearTimeout(timer);
    };
  }, [words]);
  const more = (): void => {
    if (search.current === null) return;
    setFound({ ...found, status: 'searching' });
    void read(search.current, found);
  };
  return { found, more };
}

/** Reads on until something is found, but not without end. */
async function readPages(list: PagedList<SearchHit>, before: Found): Promise<Found> {
  let found: Found = { ...before, status: 'ready' };
  try {
    for (let page = 0; page < PAGES_AT_ONCE; page++) {
      const { items, nextCursor } = await list.page(found.nextCursor);
      found = { ...found, hits: [...found.hits, ...items], nextCursor };
      if (nextCursor === null || items.length > 0) break;
    }
    return found;
  } catch (error) {
    return { ...found, status: 'failed', error: errorText(error) };
  }
}
