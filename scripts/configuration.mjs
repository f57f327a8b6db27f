/**
 * `npm run docs:configuration`: writes the table of docs/configuration.md from the configuration classes.
 * With `--check` it writes nothing, and fails unless that table, .env.example, docker-compose.yml and the classes agree.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import ts from 'typescript';

/** @typedef {{name: string, meaning: string, fallback: string, secret: boolean}} Variable */
/** @typedef {{title: string, variables: Variable[]}} Group */

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (/** @type {string} */ path) => readFileSync(`${root}${path}`, 'utf8');
const PAGE = 'docs/configuration.md';
const TABLE = /(<!-- configuration -->\n).*(<!-- \/configuration -->)/s;

/** For tests that kill processes; refused in production. */
const UNLISTED = new Set(['CRASH_POINT']);

/** Read by Compose itself, and by `npm start` for the sandbox. */
const ELSEWHERE = new Set(['COMPOSE_PROFILES', 'SANDBOX_PORT']);

/** @param {ts.Node} node @returns {string} its doc comment in one line */
function docOf(node) {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return comments
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * @param {ts.PropertyDeclaration} property
 * @param {string} constants the file's top-level constants as JavaScript
 * @returns {string} what holds without the variable
 */
function fallbackOf({ initializer, exclamationToken }, constants) {
  if (initializer === undefined) return exclamationToken ? '**required**' : '';
  const value = /** @type {unknown} */ (runInNewContext(`${constants}\n(${initializer.getText()})`));
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text === '' ? '' : `\`${text}\``;
}

/** @param {ts.PropertyDeclaration} property @returns {boolean} whether a file may hold it */
const isSecret = (property) =>
  (ts.getDecorators(property) ?? []).some(({ expression }) =>
    /^(SecretVariable|ReadableFromFile)\(/.test(expression.getText()),
  );

/** Variables that are in the table already: several classes may read one. @type {Set<string>} */
const listed = new Set(UNLISTED);

/** @param {string} path of a file of configuration classes @returns {Group[]} */
function groupsOf(path) {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ESNext, true);
  const constants = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .filter(({ initializer }) => initializer !== undefined && ts.isNumericLiteral(initializer))
    .map((declaration) => `const ${declaration.getText()};`)
    .join('\n');
  return source.statements.filter(ts.isClassDeclaration).map((type) => ({
    title: docOf(type),
    variables: type.members
      .filter(ts.isPropertyDeclaration)
      .filter(({ name }) => /^[A-Z][A-Z0-9_]+$/.test(name.getText()) && isNew(name.getText()))
      .map((member) => ({
        name: member.name.getText(),
        meaning: docOf(member),
        secret: isSecret(member),
        fallback: fallbackOf(member, constants),
      })),
  }));
}

/** @param {string} name @returns {boolean} whether it wasn't listed yet */
function isNew(name) {
  const { size } = listed;
  return listed.add(name).size > size;
}

/** @param {string} text @param {RegExp} pattern @returns {Set<string>} */
const names = (text, pattern) => new Set(Array.from(text.matchAll(pattern), ([, name = '']) => name));

const configFiles = ['apps/api', 'apps/worker', 'libs']
  .flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  )
  .filter((path) => path.endsWith('.config.ts'))
  .sort();
const groups = configFiles.flatMap(groupsOf);
const known = new Set(groups.flatMap(({ variables }) => variables.map(({ name }) => name)));

const rows = groups.flatMap(({ title, variables }) => [
  ...(variables.length === 0 ? [] : [`| **${title}** | | |`]),
  ...variables.map(
    ({ name, meaning, fallback, secret }) =>
      `| \`${name}\`${secret ? `<br>or \`${name}_FILE\`` : ''} | ${fallback} | ${meaning} |`,
  ),
]);
const table = ['| Variable | Default | Meaning |', '|---|---|---|', ...rows].join('\n');
const page = read(PAGE).replace(TABLE, (_, start, end) => `${start}${table}\n${end}`);

/** @returns {string[]} where classes, page, .env.example and docker-compose.yml say different things */
function disagreements() {
  const example = names(read('.env.example'), /^#? ?([A-Z][A-Z0-9_]+)=/gm);
  const compose = names(read('docker-compose.yml'), /^ +([A-Z][A-Z0-9_]+):/gm);
  const asked = names(read('docker-compose.yml'), /\$\{([A-Z][A-Z0-9_]+)/g);
  const undocumented = groups.flatMap(({ variables }) => variables.filter(({ meaning }) => meaning === ''));
  const without = (/** @type {Iterable<string>} */ some, /** @type {Set<string>[]} */ ...others) =>
    [...some].filter((name) => others.every((other) => !other.has(name)));
  return [
    ...undocumented.map(({ name }) => `${name} has no doc comment.`),
    ...without(known, example).map((name) => `.env.example lacks ${name}.`),
    ...without(known, compose).map((name) => `docker-compose.yml doesn't pass ${name} on.`),
    ...without(example, known, asked, ELSEWHERE).map((name) => `.env.example has ${name}, which nothing reads.`),
    ...without(asked, example).map((name) => `docker-compose.yml reads ${name}, which .env.example lacks.`),
    ...(page === read(PAGE) ? [] : [`The table of ${PAGE} isn't up to date: npm run docs:configuration`]),
  ];
}

if (process.argv.includes('--check')) {
  const problems = disagreements();
  console.log(problems.length === 0 ? 'Configuration and documentation agree.' : problems.join('\n'));
  process.exitCode = problems.length === 0 ? 0 : 1;
} else {
  writeFileSync(`${root}${PAGE}`, page);
}
