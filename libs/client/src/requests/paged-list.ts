import type { Page, PagedList } from '../types.js';

/** @param load reads the page at a cursor, or the first */
export function pagedList<Item>(load: (cursor: string | null) => Promise<Page<Item>>): PagedList<Item> {
  return {
    page: (cursor = null) => load(cursor),
    async *[Symbol.asyncIterator]() {
      let cursor: string | null = null;
      do {
        const page: Page<Item> = await load(cursor);
        yield* page.items;
        // The same cursor twice would never end.
        cursor = page.nextCursor === cursor ? null : page.nextCursor;
      } while (cursor !== null);
    },
  };
}
