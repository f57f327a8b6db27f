import { readSources } from './source-files.mjs';

/** @import {SourceFile} from './source-files.mjs' */

const PATHS = [
  ...['apps', 'libs', 'prisma', 'scripts', 'test', 'bench', 'deploy', 'docs', 'examples', '.ci', '.github'],
  ...[
    '.env.example',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'Dockerfile',
    'README.md',
    'SECURITY.md',
    'docker-compose.yml',
    'docker-compose.secrets.yml',
  ],
  ...['dependency-cruiser.config.mjs', 'eslint.config.mjs', 'jest.config.mjs', 'knip.jsonc', 'openapi.json'],
  ...['package.json', 'prisma.config.ts'],
];

/** The list of the words and its test name them; what Stripe sends is in Stripe's words. */
const NAMES_THEM = /^(?:scripts\/checks\/words\.mjs|test\/architecture\/words\.test\.ts|test\/e2e\/fixtures\/.*)$/;

/** The files in which no banned word may be. @param {string} root the project's folder */
export async function readProject(root) {
  const files = await readSources(root, PATHS, /./);
  return files.filter(({ path }) => !NAMES_THEM.test(path));
}

/** Images that stood for one of the field's terms, and the term that says it. Each is a regular expression of lower-case words. */
const REPLACED = {
  'doorbells?|bells?|rings?|ringing|rung|rang': 'notify, job',
  'farewell|farewells': 'shutdown',
  'patience|patient': 'timeout',
  'mailbox|mailboxes': 'buffer',
  'audience|audiences': 'subscribers, readers',
  gone: 'deleted, ended, away',
  rage: 'the plain reason',
  struck: 'the plain reason',
  'wish|wishes|wished': 'request',
  born: 'created',
  nobody: 'no one',
  '(?:make|makes|making|made) way': 'release',
  '(?:give|gives|giving|gave|given)(?: \\w+){0,3} back': 'release, return',
  'hand back|hands back|handed back|handing back|handback': 'release, return',
  familiar: 'known',
  'stranger|strangers': 'another user, an unknown address',
  'room for': 'capacity',
  '(?:look|looks|looked|looking) again|second look': 'sync, retry',
  'beat|beats': 'extend',
  'fence|fences|fenced|unfenced': 'attempt, fencing token',
};

/**
 * A place where one of these words is the term of somebody else, who decides about it. `text` is allowed in files whose path
 * fits `where`; it is taken out before words are searched.
 * @typedef {{text: RegExp, where: RegExp, because: string}} WordException
 */

/** @type {WordException[]} */
export const EXCEPTIONS = [
  { text: /JWT_AUDIENCE/g, where: /./, because: 'an environment variable, named after the claim' },
  {
    text: /\baudience\b/g,
    where: /^(?:libs\/auth\/src\/(?:access|token)\/|test\/e2e\/auth-tokens\.e2e\.test\.ts$)/,
    because: 'the `aud` claim of RFC 7519, and the option of its library',
  },
  {
    text: /"fence"|"ring_at"|"message_unfinished_by_ring"|"stripe_cancellation_ring_at_idx"/g,
    where: /^prisma\/migrations\//,
    because: 'old names of columns and indexes; a migration stays as it ran',
  },
  {
    text: /\bnobody\b/g,
    where: /^(?:docs\/adr\/0008-.*|scripts\/services\/postgres-programs\.mjs)$/,
    because: 'a user of the system (ADR 8)',
  },
];

/**
 * A banned word, where it was found (`libs/auth/src/login/login.service.ts:12`), and what to say in its place.
 * @typedef {{place: string, word: string, instead: string}} BannedWord
 */

/** Between the words of a phrase: spaces, or the end of a line and the beginning of the next line of a comment. */
const GAP = String.raw`[\s*/#|>]+`;

const BANNED = Object.entries(REPLACED).map(([words, instead]) => ({
  pattern: new RegExp(String.raw`\b(?:${words.replaceAll(' ', GAP)})\b`, 'g'),
  instead,
}));

/**
 * The banned words in some files: in identifiers, comments, SQL and texts, also as a part of a longer identifier.
 *
 * @param {SourceFile[]} files
 * @param {WordException[]} exceptions
 * @returns {BannedWord[]}
 */
export function bannedWords(files, exceptions = EXCEPTIONS) {
  return files.flatMap(({ path, text }) => {
    const words = splitIdentifiers(withoutExceptions(path, text, exceptions));
    return BANNED.flatMap(({ pattern, instead }) =>
      [...words.matchAll(pattern)].map(({ 0: word, index }) => ({
        place: `${path}:${words.slice(0, index).split('\n').length}`,
        word,
        instead,
      })),
    );
  });
}

/** @param {string} path @param {string} text @param {WordException[]} exceptions */
const withoutExceptions = (path, text, exceptions) =>
  exceptions
    .filter(({ where }) => where.test(path))
    .reduce((rest, exception) => rest.replace(exception.text, ''), text);

/** `ringBell`, `RING_BELL` and `ring-bell` become `ring bell`; a word inside of another, as in `string`, stays in it. */
const splitIdentifiers = (/** @type {string} */ text) =>
  text
    .replace(/(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, ' ')
    .replace(/[_-]/g, ' ')
    .toLowerCase();
