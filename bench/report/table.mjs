/** What the console shows. */
import { format, meetsGoal, ratioOf } from './result.mjs';

/** @import {Column, Result, Row} from './result.mjs' */

const TITLE = 58;
const CELL = 11;

/** @type {Column[]} */
export const COLUMNS = ['product', 'necessary', 'bare', 'direct'];

/** @param {string} title @param {string[]} cells */
const line = (title, cells) => [title.padEnd(TITLE), ...cells.map((cell) => cell.padStart(CELL))].join('');

export const HEADER = line('', [...COLUMNS, 'ratio', 'goal']);

/** @param {Row} row */
export function rowLine(row) {
  const ratio = ratioOf(row);
  const cells = COLUMNS.map((column) => {
    const figure = row.figures[column];
    return figure === undefined ? '' : format(figure);
  });
  return line(`${row.title}, ${row.unit}`, [...cells, ratio === null ? '' : format(ratio), goalText(row)]);
}

/** @param {Row} row */
export function goalText(row) {
  if (row.goal === undefined) return '';
  const sign = row.goal.of === 'ratio' || row.better === 'more' ? '≥' : '≤';
  return `${row.goal.of === 'ratio' ? 'ratio ' : ''}${sign} ${row.goal.limit}${meetsGoal(row) === true ? ' ✓' : ' ✗'}`;
}

/**
 * What became of the figures from one result to another.
 *
 * @param {Result} before @param {Result} after @returns {string[]}
 */
export function comparison(before, after) {
  const describe = (/** @type {Result} */ { machine }) => `${machine['commit']}, ${machine['date']}`;
  const known = new Map(before.rows.map((row) => [row.id, row]));
  const lines = after.rows.flatMap((row) => {
    const earlier = known.get(row.id);
    const [a, b] = [earlier?.figures.product, row.figures.product];
    if (earlier === undefined || a === undefined || b === undefined) return [];
    const gain = row.better === 'more' ? b / a : a / b;
    const [ratioBefore, ratioAfter] = [ratioOf(earlier), ratioOf(row)];
    const beside = ratioBefore === null || ratioAfter === null ? '' : format(ratioAfter / ratioBefore);
    return [line(`${row.title}, ${row.unit}`, [format(a), format(b), format(gain), beside])];
  });
  return [
    `Before: ${describe(before)}`,
    `After:  ${describe(after)}`,
    '"times better" compares the figures; "beside" compares the ratios to the necessary baseline of each run.',
    line('', ['before', 'after', 'times better', 'beside']),
    ...lines,
  ];
}
