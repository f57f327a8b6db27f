import { type CallRecord, isPiece, type StreamEvent } from './call-record.js';

/** The events of a stream as they come. Of many pieces of text the earlier ones are one line. */
export function EventList({ call: { id, events, folded } }: { call: CallRecord }) {
  const firstPiece = events.findIndex(isPiece);
  const before = folded === null ? 0 : Math.max(firstPiece, 0);
  return (
    <>
      <h3>Events</h3>
      <ol class="event-list" tabIndex={0} aria-label={`Events of call ${id}`}>
        {events.slice(0, before).map((event) => (
          <EventLine key={keyOf(event)} event={event} />
        ))}
        {folded !== null && (
          <li class="event event-folded">
            {folded.count} earlier pieces: <code>{folded.firstId}</code> to <code>{folded.lastId}</code>
          </li>
        )}
        {events.slice(before).map((event) => (
          <EventLine key={keyOf(event)} event={event} />
        ))}
      </ol>
    </>
  );
}

const keyOf = ({ id, name, afterMs }: StreamEvent): string => `${name} ${id ?? ''} ${afterMs}`;

const EventLine = ({ event: { id, name, data, afterMs } }: { event: StreamEvent }) => (
  <li class="event">
    <code class="event-id">{id ?? '–'}</code>
    <span class={`event-name event-${name}`}>{name}</span>
    <code class="event-data">{data}</code>
    <span class="event-time">{(afterMs / 1000).toFixed(2)} s</span>
  </li>
);
