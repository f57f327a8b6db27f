/** A result as one page that needs nothing else. */
import { COLUMNS, goalText } from './table.mjs';
import { format, ratioOf } from './result.mjs';

/** @import {Column, Result, Row} from './result.mjs' */

const BAR_WIDTH = 420;
const BAR_HEIGHT = 16;

/** @type {Record<Column, string>} */
const COLOURS = { product: '#2563eb', necessary: '#059669', bare: '#9ca3af', direct: '#d97706' };
const PART_COLOURS = ['#2563eb', '#7c3aed', '#059669', '#dc2626'];

/** @param {unknown} value */
const escape = (value) => String(value).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** @param {{label: string, parts: {value: number, colour: string, title: string}[]}[]} bars */
function plot(bars) {
  const sums = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + Math.max(0, value), 0));
  const scale = BAR_WIDTH / Math.max(...sums, Number.MIN_VALUE);
  const rows = bars.map(({ label, parts }, n) => {
    const y = n * (BAR_HEIGHT + 4);
    let x = 90;
    const drawn = parts.map(({ value, colour, title }) => {
      const width = Math.max(0, value) * scale;
      const bar = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${colour}"><title>${escape(title)}</title></rect>`;
      x += width;
      return bar;
    });
    const text = y + BAR_HEIGHT - 4;
    return `<text x="0" y="${text}">${escape(label)}</text>${drawn.join('')}<text x="${(x + 6).toFixed(1)}" y="${text}">${format(sums[n] ?? 0)}</text>`;
  });
  const height = bars.length * (BAR_HEIGHT + 4);
  return `<svg width="${BAR_WIDTH + 170}" height="${height}" role="img">${rows.join('')}</svg>`;
}

/** The columns for which a row has a figure. @param {Row} row @returns {[Column, number][]} */
const figuresOf = ({ figures }) =>
  COLUMNS.flatMap((column) => {
    const figure = figures[column];
    return figure === undefined ? [] : [/** @type {[Column, number]} */ ([column, figure])];
  });

/** A plot of a row: its columns, each made of the rows that are parts of it. @param {Row} row @param {Row[]} parts */
function plotOf(row, parts) {
  return plot(
    figuresOf(row).map(([column, figure]) => ({
      label: column,
      parts:
        parts.length === 0
          ? [{ value: figure, colour: COLOURS[column], title: `${column}: ${format(figure)}` }]
          : parts.map((part, n) => {
              const value = part.figures[column] ?? 0;
              return {
                value,
                colour: PART_COLOURS[n] ?? '#000',
                title: `${part.title}: ${format(value)} ${part.unit}`,
              };
            }),
    })),
  );
}

/** @param {Row} row */
function tableRow(row) {
  const cells = COLUMNS.map((column) => {
    const figure = row.figures[column];
    return `<td>${figure === undefined ? '' : format(figure)}</td>`;
  });
  const ratio = ratioOf(row);
  const goal = goalText(row);
  const tone = goal === '' ? '' : ` class="${goal.endsWith('✓') ? 'met' : 'missed'}"`;
  return `<tr><th>${escape(row.title)}, ${escape(row.unit)}</th>${cells.join('')}<td>${ratio === null ? '' : format(ratio)}</td><td${tone}>${escape(goal)}</td></tr>`;
}

/** @param {string} part @param {Row[]} rows */
function section(part, rows) {
  // A plot needs something to compare: several columns, or parts.
  const plots = rows.flatMap((row) => {
    const parts = rows.filter(({ group }) => group === row.id);
    if (row.group !== undefined || (parts.length === 0 && figuresOf(row).length < 2)) return [];
    return [`<figure><figcaption>${escape(row.title)}, ${escape(row.unit)}</figcaption>${plotOf(row, parts)}</figure>`];
  });
  const head = [...COLUMNS, 'ratio', 'goal'].map((name) => `<th>${name}</th>`).join('');
  return `<h2>${escape(part)}</h2><table><tr><th></th>${head}</tr>${rows.map(tableRow).join('\n')}</table>
<div class="plots">${plots.join('\n')}</div>`;
}

/** How figures grow: those of sizes ×1, ×10 and ×100 side by side. @param {Row[]} rows */
function growthPlots(rows) {
  /** @type {Map<string, {label: string, value: number}[]>} */
  const series = new Map();
  for (const row of rows) {
    const [, times, what] =
      /^growth\.(\d+)\.(send\.\w+\.cpu(?:\.postgres)?|send\.cpu(?:\.postgres)?|list|read|backlog(?:\.postgres)?)$/.exec(
        row.id,
      ) ?? [];
    if (what !== undefined)
      series.set(what, [...(series.get(what) ?? []), { label: `×${times}`, value: row.figures.product ?? 0 }]);
  }
  const figures = [...series].map(([what, points]) => {
    const bars = points.map(({ label, value }) => ({
      label,
      parts: [{ value, colour: COLOURS.product, title: format(value) }],
    }));
    return `<figure><figcaption>${escape(what)}, ms</figcaption>${plot(bars)}</figure>`;
  });
  return figures.length === 0 ? '' : `<h2>growth, plotted</h2><div class="plots">${figures.join('\n')}</div>`;
}

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 2em auto; padding: 0 1em; color: #111827; }
  table { border-collapse: collapse; } th { text-align: left; font-weight: normal; }
  td { text-align: right; font-variant-numeric: tabular-nums; } td, th { padding: 1px 12px 1px 0; border-bottom: 1px solid #e5e7eb; }
  .met { color: #059669; } .missed { color: #b91c1c; }
  .plots { display: flex; flex-wrap: wrap; gap: 12px 32px; } figure { margin: 12px 0; } svg text { font: 12px system-ui, sans-serif; }`;

/** @param {Result} result @returns {string} */
export function htmlReport({ machine, options, rows }) {
  const facts = Object.entries({ ...machine, ...options })
    .map(
      ([name, value]) =>
        `<tr><th>${escape(name)}</th><td>${escape(Array.isArray(value) ? value.join(', ') : value)}</td></tr>`,
    )
    .join('');
  const parts = [...new Set(rows.map(({ part }) => part))];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Benchmark of ${escape(machine['commit'])}</title><style>${STYLE}</style>
<h1>Benchmark of ${escape(machine['commit'])}</h1>
<p>bench/README.md says what is measured and how to read it. Stacked bars: API blue, worker violet, PostgreSQL green, Redis red.</p>
<table>${facts}</table>
${parts
  .map((part) =>
    section(
      part,
      rows.filter((row) => row.part === part),
    ),
  )
  .join('\n')}
${growthPlots(rows)}
</html>
`;
}
