import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readProject } from '../../scripts/checks/words.mjs';
import type { MarkdownPage } from './markdown.js';
import { readPages, root } from './project-pages.js';

/** A history names what has been removed since. */
const HISTORY = /^CHANGELOG\.md$/;

/** What says which variables there are; others are only known where `process.env` is read, or by a page while it is built. */
const SAYS_VARIABLES = /\.config\.ts$|^(?:scripts|prisma)\/.*\.mjs$|^(?:docker-compose\.yml|\.env\.example)$/;
const VARIABLE = /\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g;
const READ_VARIABLE = /(?:process|import\.meta)\.env(?:\['|\.)([A-Z0-9_]+)/g;

/** The page that is generated from the configuration's classes says which of its variables a file may hold. */
const FILE_VARIABLE = /<br>or `([A-Z0-9_]+_FILE)`/g;

/** A decision speaks of what others read, too. The sandbox speaks its vendors' words. */
const OF_OTHERS = /^docs\/adr\/|^apps\/sandbox\/README\.md/;

/** Looks like a variable of ours: a constant of the code, the place of an id, vendors' words, and what Node and OpenTelemetry's SDK read themselves. */
const NO_VARIABLES = new Set([
  ...['REPLY_QUEUE', 'REPLY_ID', 'MAX_TOKENS', 'STATUS_CODE_ERROR'],
  ...['NODE_EXTRA_CA_CERTS', 'OTEL_BSP_MAX_QUEUE_SIZE'],
]);

/** Where one page refers to something else. */
interface Reference {
  /** `docs/plans.md:12` */
  place: string;
  name: string;
}

let pages: MarkdownPage[];

beforeAll(async () => {
  pages = await readPages();
  if (pages.length < 40) throw new Error('Not all pages were found.');
});

/** What stands between backticks and fits, on all pages that speak of what is now. */
const namedInCode = (pattern: RegExp): Reference[] =>
  pages
    .filter(({ path }) => !HISTORY.test(path))
    .flatMap(({ path, code, blocks }) =>
      [...code, ...blocks].flatMap(({ text, line }) =>
        Array.from(text.matchAll(pattern), ([, name = '']) => ({ place: `${path}:${line}`, name })),
      ),
    );

it('a link between pages leads to a file, and to a heading of it', () => {
  const anchors = new Map(pages.map(({ path, anchors: own }) => [path, own]));
  const isThere = (from: string, target: string): boolean => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? from : normalize(join(dirname(from), decodeURIComponent(path)));
    return existsSync(join(root, file)) && (anchor === undefined || (anchors.get(file)?.has(anchor) ?? false));
  };
  const relative = pages.flatMap(({ path, links }) =>
    links
      .filter(({ target }) => !/^[a-z]+:/.test(target))
      .map(({ target, line }) => ({ path, target, place: `${path}:${line}` })),
  );
  expect(relative.length).toBeGreaterThan(150);
  expect(
    relative.filter(({ path, target }) => !isThere(path, target)).map(({ place, target }) => `${place} ${target}`),
  ).toEqual([]);
});

it('a script of npm that is named exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = namedInCode(/\bnpm run ([\w:-]+)(?!.*(?:--workspace|-w) )/g);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(({ name }) => !(name in scripts))).toEqual([]);
});

it('a variable that is named is one of the configuration, or of a script', async () => {
  const files = await readProject(root);
  const known = new Set(
    files.flatMap(({ path, text }) =>
      Array.from(text.matchAll(SAYS_VARIABLES.test(path) ? VARIABLE : READ_VARIABLE), ([, name]) => name),
    ),
  );
  const configuration = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  for (const [, name] of configuration.matchAll(FILE_VARIABLE)) known.add(name);
  // Only where one is set or stands alone: words of Gemini's wire format look alike.
  const named = namedInCode(/(?:^|\s)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?==|$)/gm);
  expect(named.length).toBeGreaterThan(150);
  expect(
    named.filter(({ place, name }) => !OF_OTHERS.test(place) && !NO_VARIABLES.has(name) && !known.has(name)),
  ).toEqual([]);
});

it('a file or folder that is named by its whole path exists', () => {
  const named = namedInCode(/^((?:apps|docs|examples|libs|prisma|scripts|test)\/[\w./-]*\w)$/g);
  expect(named.length).toBeGreaterThan(150);
  expect(named.filter(({ name }) => !existsSync(join(root, name)))).toEqual([]);
});
