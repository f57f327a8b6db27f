import { encodeCursor } from './cursor.js';

/** A page of a list; `nextCursor` null: the last one. */
export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/**
 * Reads one page of a list. One row more than the page holds is asked for: it tells whether another page follows.
 *
 * @param limit how many rows the page holds at most
 * @param read gives up to `count` rows from where the page begins
 * @param positionOf where the next page goes on behind the page's last row: see {@link encodeCursor}
 */
export async function readPage<Row>(
  limit: number,
  read: (count: number) => Promise<Row[]>,
  positionOf: (last: Row) => object,
): Promise<Page<Row>> {
  return pageOf(limit, await read(limit + 1), positionOf);
}

/** As {@link readPage}, of rows that were read before: one more than the page holds, if there are more. */
function pageOf<Row>(limit: number, rows: Row[], positionOf: (last: Row) => object): Page<Row> {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { items: rows.slice(0, limit), nextCursor: last === undefined ? null : encodeCursor(positionOf(last)) };
}

/** How many bytes of text a page holds, or a single item that has more: what follows is left to the next page. */
export const MAX_PAGE_BYTES = 512 * 1024;

/**
 * A column of texts in a statement for {@link boundedPageOf}, null from where the page is full: PostgreSQL then doesn't fetch
 * what is stored outside of the row. Beside it are to be a column `bytes`, and `WINDOW page AS (ORDER BY … ROWS UNBOUNDED
 * PRECEDING)` in the order of the list.
 */
export const boundedTextSql = (column: string): string =>
  `CASE WHEN row_number() OVER page = 1 OR sum(bytes) OVER page <= ${MAX_PAGE_BYTES} THEN ${column} END`;

/**
 * As {@link pageOf}, of rows with texts: the page also ends before its texts have more than {@link MAX_PAGE_BYTES} bytes
 * together, but has one item at least.
 *
 * @param rows each with the size of its texts in bytes
 */
export function boundedPageOf<Row extends { bytes: number }>(
  limit: number,
  rows: Row[],
  positionOf: (last: Row) => object,
): Page<Row> {
  let bytes = 0;
  const full = rows.findIndex((row, index) => (bytes += row.bytes) > MAX_PAGE_BYTES && index > 0);
  return pageOf(full === -1 ? limit : Math.min(limit, full), rows, positionOf);
}
