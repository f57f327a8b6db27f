import type { Usage } from '@gemini-chat/client';
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.js';
import { useRefresh } from '../tabs.js';
import { errorText } from '../ui/error-text.js';
import { dayAndMonth } from '../ui/time.js';

/** More days than a month has, and several models. */
const MAX_ROWS = 200;

/** What this month's calls to models used, newest day first. */
export function UsageCard() {
  const [rows, setRows] = useState<Usage[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const load = (): void => {
    readUsage().then(
      (read) => {
        setRows(read);
        setError(null);
      },
      (reason: unknown) => setError(errorText(reason)),
    );
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
const dollars = new Intl.NumberFormat(undefined, {
  style: 'currency',
  currency: 'USD',
  currencyDisplay: 'narrowSymbol',
  maximumFractionDigits: 5,
});

/** Null for a model without a price. */
const costText = (usd: number | null): string => (usd === null ? 'no price' : dollars.format(usd));

function UsageTable({ rows }: { rows: Usage[] }) {
  const sum = (of: (row: Usage) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-labelledby="usage">
      <table class="table">
        <thead>
          <tr>
            {['Day', 'Calls', 'Tokens in', 'Tokens out', 'Cost'].map((title) => (
              <th scope="col" key={title}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.day} ${row.model} ${row.purpose}`} title={row.model}>
              <td>
                <span>{dayAndMonth(row.day)},</span> {row.purpose === 'reply' ? 'replies' : 'names'}
              </td>
              {cellsOf(row.calls, row.promptTokens, tokensOut(row), row.costUsd)}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td>Sum</td>
            {cellsOf(
              sum(({ calls }) => calls),
              sum(({ promptTokens }) => promptTokens),
              sum(tokensOut),
              sum(({ costUsd }) => costUsd ?? 0),
            )}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

const tokensOut = ({ replyTokens, thoughtTokens }: Usage): number => replyTokens + thoughtTokens;

const cellsOf = (calls: number, into: number, out: number, usd: number | null) =>
  [whole.format(calls), whole.format(into), whole.format(out), costText(usd)].map((text, index) => (
    <td key={index}>{text}</td>
  ));
