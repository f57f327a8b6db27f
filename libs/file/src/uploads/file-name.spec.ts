import { fileNameOf } from './file-name.js';

it.each([
  ['report.pdf', 'report.pdf'],
  ['/etc/passwd', 'passwd'],
  ['C:\\Users\\Ada\\Räksmörgås 天.txt', 'Räksmörgås 天.txt'],
  ['a\r\nSet-Cookie: b\u0000.txt', 'aSet-Cookie: b.txt'],
  ['photo\u202Egnp.exe', 'photognp.exe'],
  ['%22quoted%22.txt', '"quoted".txt'],
  ['half \ud83d.txt', 'half \ufffd.txt'],
  ['  spaced .txt ', 'spaced .txt'],
  [`${'x'.repeat(300)}.txt`, 'x'.repeat(255)],
  ['🌤'.repeat(300), '🌤'.repeat(255)],
  ...[undefined, '', ' ', '.', '..', 'folder/', '\u202e'].map((name) => [name, 'file']),
])('%j is kept as %j', (sent, name) => {
  expect(fileNameOf(sent)).toBe(name);
});
