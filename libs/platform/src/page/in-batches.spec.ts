import fc from 'fast-check';
import { inBatches } from './in-batches.js';

describe('inBatches', () => {
  it('gives every row once, in order, whatever the batches', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), async (count, sizes) => {
        const rows = Array.from({ length: count }, (_, key) => ({ key }));
        let batches = 0;
        const read = (after: number | null) => {
          const size = sizes[batches++ % sizes.length]!;
          return Promise.resolve(rows.filter(({ key }) => after === null || key > after).slice(0, size));
        };
        const all: object[] = [];
        for await (const row of inBatches(read, ({ key }) => key)) all.push(row);
        expect(all).toEqual(rows);
      }),
    );
  });

  it('reads a batch when the rows before were taken, and none after it is left', async () => {
    let reads = 0;
    const rows = inBatches(
      () => Promise.resolve([++reads]),
      (row) => row,
    );
    for await (const row of rows) if (row === 3) break;
    expect(reads).toBe(3);
  });
});
