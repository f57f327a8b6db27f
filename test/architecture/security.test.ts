import { readFileSync } from 'node:fs';

interface Link {
  /** A part of the name of a test or of a group of tests; or the beginning of the file's path, with a star. */
  name: string;
  path: string;
}

const LINK = /\[([^\]]+)\]\(\.\.\/([^)#]+(?:\.test|spec)\.ts)\)/g;
const BEGINNING = /^`(.+)\*`$/;

const links: Link[] = Array.from(
  readFileSync('docs/security.md', 'utf8').matchAll(LINK),
  ([, name = '', path = '']) => ({
    name,
    path,
  }),
);

describe('docs/security.md', () => {
  it('proves what it promises', () => {
    expect(links.length).toBeGreaterThan(80);
  });

  it.each(links.filter(({ name }) => !BEGINNING.test(name)))('names a test that there is: $name', ({ name, path }) => {
    expect(readFileSync(path, 'utf8').replaceAll("\\'", "'")).toMatch(titleWith(name));
  });

  it.each(links.filter(({ name }) => BEGINNING.test(name)))('names files that there are: $name', ({ name, path }) => {
    expect(readFileSync(path, 'utf8')).toContain('describe');
    expect(path.startsWith(BEGINNING.exec(name)?.[1] ?? 'nowhere')).toBe(true);
  });
});

/** What begins a test, or a group of tests, whose name has this part. */
function titleWith(part: string): RegExp {
  const literal = part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`\(\s*(['"\`])(?:(?!\1\s*,)[^\n])*${literal}`);
}
