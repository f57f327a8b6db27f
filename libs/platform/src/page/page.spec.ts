import { decodeCursor } from './cursor.js';
import { readPage } from './page.js';

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
