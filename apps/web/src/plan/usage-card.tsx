import type { Usage } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import { useRefresh } from '../tabs.js';
import { errorText } from '../ui/error-text.js';

/** More days than a month has, and several models. */
const MAX_ROWS = 200;

/** What this month's calls to models used, newest day first. */
export function UsageCard() {
  const [rows, setRows] = useState<Usage[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const load = (): void => {
    readUsage().then(setRows, (reason: unknown) => setError(errorText(reason)));
  };
  useEffect(load, []);
  useRefresh(({ what }) => what === 'messages', load);
  return (
    <section class="card" aria-labelledby="usage">
      <h2 id="usage">Usage this month</h2>
      {error !== null && <p class="muted">{error}</p>}
      {rows === null && error === null && <p class="muted">Loading …</p>}
      {rows?.length === 0 && <p class="muted">No model was called for you yet.</p>}
      {rows !== null && rows.length > 0 && <UsageTable rows={rows} />}
    </section>
  );
}

async function readUsage(): Promise<Usage[]> {
  const rows: Usage[] = [];
  for await (const row of client.usage()) {
    rows.push(row);
    if (rows.length === MAX_ROWS) break;
  }
  return rows;
}

const whole = new Intl.NumberFormat();
const dollars = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD', maximumFractionDigits: 5 });

const dayAndMonth = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** Null for a model without a price. */
const costText = (usd: number | null): string => (usd === null ? 'no price' : dollars.format(usd));

function UsageTable({ rows }: { rows: Usage[] }) {
  const sum = (of: (row: Usage) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-labelledby="usage">
      <table class="table">
        <thead>
          <tr>
            <th scope="col" class="table-text">
              Day
            </th>
            <th scope="col" class="table-text">
              For
            </th>
            <th scope="col">Calls</th>
            <th scope="col">Tokens in</th>
            <th scope="col">Tokens out</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.day} ${row.model} ${row.purpose}`}>
              <td class="table-text" title={row.model}>
                {dayAndMonth.format(new Date(row.day))}
              </td>
              <td class="table-text">{row.purpose === 'reply' ? 'replies' : 'names'}</td>
              <td>{whole.format(row.calls)}</td>
              <td>{whole.format(row.promptTokens)}</td>
              <td>{whole.format(row.replyTokens + row.thoughtTokens)}</td>
              <td>{costText(row.costUsd)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td class="table-text">Together</td>
            <td />
            <td>{whole.format(sum(({ calls }) => calls))}</td>
            <td>{whole.format(sum(({ promptTokens }) => promptTokens))}</td>
            <td>{whole.format(sum(({ replyTokens, thoughtTokens }) => replyTokens + thoughtTokens))}</td>
            <td>{dollars.format(sum(({ costUsd }) => costUsd ?? 0))}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
