import { decodeCursor } from './cursor.js';
import { boundedPageOf, MAX_PAGE_BYTES, readPage } from './page.js';

class Position {
  after!: number;
}

const list =
  (...rows: number[]) =>
  (count: number) =>
    Promise.resolve(rows.slice(0, count));

describe('readPage', () => {
  it('leads on behind its last row when there are more', async () => {
    const page = await readPage(2, list(1, 2, 3), (row) => ({ after: row }));
    expect(page.items).toEqual([1, 2]);
    expect(JSON.parse(Buffer.from(page.nextCursor ?? '', 'base64url').toString())).toEqual({ after: 2 });
    expect(() => decodeCursor(Position, 'no cursor')).toThrow();
  });

  it.each([[[]], [[1]], [[1, 2]]])('is the last one with the rows %j', async (rows) => {
    const page = await readPage(2, list(...rows), (row) => ({ after: row }));
    expect(page).toEqual({ items: rows, nextCursor: null });
  });
});

describe('boundedPageOf', () => {
  const rows = (...sizes: number[]) => sizes.map((bytes, id) => ({ id, bytes }));
  const idsOf = (sizes: number[], limit = 10) => {
    const { items, nextCursor } = boundedPageOf(limit, rows(...sizes), ({ id }) => ({ id }));
    return { ids: items.map(({ id }) => id), more: nextCursor !== null };
  };

  it.each([
    ['has what fits', [1, 2, 3], [0, 1, 2], false],
    ['ends before a text that does not fit', [MAX_PAGE_BYTES - 1, 2, 1], [0], true],
    ['has texts up to the last byte', [MAX_PAGE_BYTES - 1, 1, 1], [0, 1], true],
    ['has one text at least', [MAX_PAGE_BYTES + 1, 0], [0], true],
    ['is the last one with a single text that is too large', [MAX_PAGE_BYTES + 1], [0], false],
    ['has nothing of an empty list', [], [], false],
  ])('%s', (_, sizes, ids, more) => {
    expect(idsOf(sizes)).toEqual({ ids, more });
  });

  it('never has more items than its limit', () => {
    expect(idsOf([1, 1, 1], 2)).toEqual({ ids: [0, 1], more: true });
  });
});
