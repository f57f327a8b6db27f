import { applyPatch } from './broken-build.js';

describe('a patch of the build', () => {
  const patch = { file: 'store.js', find: 'AND attempt = $2', replacement: '' };

  it('replaces its text, and nothing else', () => {
    expect(applyPatch('WHERE id = $1 AND attempt = $2;', patch)).toBe('WHERE id = $1 ;');
  });

  it.each([
    [0, 'WHERE id = $1;'],
    [2, 'AND attempt = $2 AND attempt = $2'],
  ])('is refused when its text is there %i times', (times, source) => {
    expect(() => applyPatch(source, patch)).toThrow(`store.js contains ${times} times instead of once`);
  });
});
