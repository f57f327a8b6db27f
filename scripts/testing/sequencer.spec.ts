import { existsSync } from 'node:fs';
import { join } from 'node:path';
import LongestFirst, { LONGEST } from './sequencer.mjs';

const root = join(import.meta.dirname, '../..');

/** Test files as Jest gives them, each smaller than the one before. */
const testsOf = (...files: string[]) =>
  files.map((file, index) => ({
    path: join(root, file),
    context: {
      config: { cacheDirectory: join(root, '.data/no-cache'), id: 'any' },
      hasteFS: { getSize: () => files.length - index },
    },
  })) as unknown as Parameters<LongestFirst['sort']>[0];

describe('the order of the test files', () => {
  const sequencer = new LongestFirst({ contexts: [], globalConfig: {} as never });

  it('begins with the longest, and leaves the others as Jest has them', async () => {
    const [longest = '', second = ''] = LONGEST;
    const sorted = await sequencer.sort(testsOf('a.test.ts', second, 'b.test.ts', longest));
    expect(sorted.map(({ path }) => path)).toEqual(
      [longest, second, 'a.test.ts', 'b.test.ts'].map((file) => join(root, file)),
    );
  });

  it('names files that are there', () => {
    expect(LONGEST.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});
