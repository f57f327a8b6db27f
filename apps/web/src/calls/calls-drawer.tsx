import { useState } from 'preact/hooks';
import { Icon } from '../ui/icon.js';
import { useStore } from '../ui/store.js';
import { CallEntry } from './call-entry.js';
import { callLog } from './call-log.js';
import type { CallRecord } from './call-record.js';
import './calls.css';
import { Disturbances } from './disturbances.js';

type Kind = 'all' | 'streams' | 'errors';

/** Each call to the API as it happens, and ways to disturb it. */
export function CallsDrawer({ onClose }: { onClose: () => void }) {
  const calls = useStore(callLog.shown);
  const [words, setWords] = useState('');
  const [kind, setKind] = useState<Kind>('all');
  const shown = calls.filter((call) => isOfKind(call, kind) && holds(call, words)).reverse();
  return (
    <aside class="calls" aria-label="Calls">
      <header class="calls-header">
        <h2>Calls</h2>
        <span class="badge">{calls.length}</span>
        <button type="button" class="button button-quiet button-small" onClick={() => callLog.clear()}>
          Clear
        </button>
        <button type="button" class="icon-button" aria-label="Close the calls" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="calls-scroll">
        <Disturbances />
        <div class="calls-filter">
          <input
            type="search"
            aria-label="Filter the calls"
            placeholder="Filter: path, method, status"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
          <select
            aria-label="Kind of call"
            value={kind}
            onChange={(event) => setKind(event.currentTarget.value as Kind)}
          >
            <option value="all">All</option>
            <option value="streams">Streams</option>
            <option value="errors">Errors</option>
          </select>
        </div>
        {shown.length === 0 && <p class="empty">{calls.length === 0 ? 'No call yet.' : 'No call fits.'}</p>}
        <ol>
          {shown.map((call) => (
            <CallEntry key={call.id} call={call} />
          ))}
        </ol>
      </div>
    </aside>
  );
}

function isOfKind({ isStream, status, state }: CallRecord, kind: Kind): boolean {
  if (kind === 'streams') return isStream;
  return kind === 'all' || (status ?? 0) >= 400 || state === 'cut' || state === 'failed';
}

function holds({ method, path, status, thread, state }: CallRecord, words: string): boolean {
  const text = `${method} ${path} ${status ?? ''} ${thread ?? ''} ${state}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
