import { entryPath } from './entry-path.js';

it.each([
  ['cat.png', 'cat.png'],
  ['Größe 日本.pdf', 'Größe 日本.pdf'],
  ['../../etc/passwd', '.._.._etc_passwd'],
  ['C:\\a"b<c>|d?*.txt', 'C__a_b_c__d__.txt'],
  ['..', '_'],
  ['ends with a dot. ', 'ends with a dot_'],
  ['CON.txt', '_CON.txt'],
  ['', '_'],
])('%j is %j in an archive', (name, expected) => {
  expect(entryPath('id', name)).toBe(`id/${expected}`);
});

it('is no longer than a file system takes, and keeps its extension', () => {
  const name = entryPath('id', `${'語'.repeat(250)}.jpeg`).slice('id/'.length);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  expect(name).toMatch(/^語{80,}\.jpeg$/);
});
