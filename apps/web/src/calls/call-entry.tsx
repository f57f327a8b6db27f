import { useState } from 'preact/hooks';
import { CopyButton } from '../ui/copy-button.js';
import type { CallRecord } from './call-record.js';
import { curlOf } from './curl.js';
import { EventList } from './event-list.js';

/** One call: a line, and all of it when it is opened. */
export function CallEntry({ call }: { call: CallRecord }) {
  const [open, setOpen] = useState(false);
  const { id, method, path, continues } = call;
  return (
    <li id={`call-${id}`} class={`call call-${toneOf(call)}`}>
      <button type="button" class="call-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span class="call-method">{method}</span>
        <span class="call-path" title={path}>
          {shortPath(path)}
        </span>
        <span class="call-status">{statusText(call)}</span>
        <span class="call-time">{timeText(call)}</span>
      </button>
      {continues !== null && (
        <p class="call-link">
          ↳ goes on with <CallLink id={continues} />
          {' after '}
          <code>{headerOf(call, 'last-event-id') ?? 'its start'}</code>
        </p>
      )}
      {open ? <CallDetails call={call} /> : call.isStream && <EventSummary call={call} />}
    </li>
  );
}

/** Moves to another call of the list. Not a link, since the page's address says which view is shown. */
function CallLink({ id }: { id: number }) {
  const show = (): void => {
    const line = document.querySelector<HTMLElement>(`#call-${id} .call-line`);
    line?.focus();
    line?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <button type="button" class="button-link" onClick={show}>
      call {id}
    </button>
  );
}

function EventSummary({ call: { events, folded } }: { call: CallRecord }) {
  const last = events.at(-1);
  if (last === undefined) return null;
  const count = events.length + (folded?.count ?? 0);
  return (
    <p class="call-events">
      {count === 1 ? '1 event' : `${count} events`}, last <code>{last.name}</code>
      {last.id !== null && (
        <>
          {' '}
          id <code>{last.id}</code>
        </>
      )}
    </p>
  );
}

function CallDetails({ call }: { call: CallRecord }) {
  const { id, requestHeaders, requestBody, responseHeaders, responseBody, isStream, startedAt } = call;
  return (
    <div class="call-details">
      <p class="call-facts">
        Call {id}, {startedAt.toLocaleTimeString()}
        <CopyButton label={`Copy call ${id} as curl`} text={() => curlOf(call)}>
          curl
        </CopyButton>
      </p>
      <Headers title="Request" headers={requestHeaders} />
      <Json label="Request body" text={requestBody} />
      <Headers title="Response" headers={responseHeaders} />
      <Json label="Response body" text={responseBody} />
      {isStream && <EventList call={call} />}
      <pre class="call-curl" tabIndex={0} aria-label="As curl">
        {curlOf(call)}
      </pre>
    </div>
  );
}

function Headers({ title, headers }: { title: string; headers: [name: string, value: string][] }) {
  if (headers.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <dl class="call-headers">
        {headers.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

const Json = ({ label, text }: { label: string; text: string | null }) =>
  text !== null && (
    <pre class="call-json" tabIndex={0} aria-label={label}>
      {text}
    </pre>
  );

const headerOf = (call: CallRecord, wanted: string): string | undefined =>
  call.requestHeaders.find(([name]) => name.toLowerCase() === wanted)?.[1];

/** A path whose ids are cut to their ends, in which they differ. */
const shortPath = (path: string): string =>
  path.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{8}([0-9a-f]{4})/g, '…$1');

function statusText({ status, state }: CallRecord): string {
  if (state === 'cut' || state === 'failed') return status === null ? 'no answer' : `${status} ${state}`;
  return status === null ? '…' : String(status);
}

function timeText({ state, durationMs }: CallRecord): string {
  if (durationMs === null) return state === 'open' ? 'open' : '';
  return durationMs < 10_000 ? `${durationMs} ms` : `${Math.round(durationMs / 1000)} s`;
}

function toneOf({ state, status }: CallRecord): string {
  if (state === 'cut' || state === 'failed' || (status ?? 0) >= 500) return 'bad';
  if (state === 'waiting' || state === 'open') return 'open';
  return (status ?? 0) >= 400 ? 'refused' : 'good';
}
