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
export function pageOf<Row>(limit: number, rows: Row[], positionOf: (last: Row) => object): Page<Row> {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { items: rows.slice(0, limit), nextCursor: last === undefined ? null : encodeCursor(positionOf(last)) };
}
