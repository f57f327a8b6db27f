/**
 * `npm run check`: everything that CI checks besides the tests. Every step runs, whatever the others say; what those
 * that fail have to say comes at the end.
 */
import { execa } from 'execa';
import { Listr } from 'listr2';

const root = new URL('..', import.meta.url);
const importGate = ['--config', 'dependency-cruiser.config.mjs', 'apps', 'libs', 'prisma', 'scripts', 'test', 'bench'];

/** @typedef {[title: string, command: string, args: string[]]} Step */

/** Brings what is generated up to date, for the others to look at. @type {Step} */
const build = ['Build', 'node', ['scripts/build.mjs', '--if-stale']];

/** @type {Step[]} */
const steps = [
  ['Lint', 'eslint', ['.', '--max-warnings', '0']],
  ['Types', 'tsc', ['--noEmit']],
  ['Format', 'prettier', ['--check', '.']],
  ['Format of the schema', 'prisma', ['format', '--check']],
  ['Imports', 'depcruise', importGate],
  ['Dead code', 'knip', ['--no-progress']],
  ['Migrations make the schema', 'node', ['prisma/check.mjs']],
  ['OpenAPI document', 'npm', ['run', '--silent', 'openapi', '--', '--check']],
  ['Configuration', 'node', ['scripts/configuration.mjs', '--check']],
  ['Lockfile', 'node', ['scripts/check-lockfile.mjs']],
];

/** @type {[title: string, output: string][]} */
const failures = [];

/** @param {Step} step */
const task = ([title, command, args]) => ({
  title,
  task: async () => {
    const options = { cwd: root, preferLocal: true, localDir: root, reject: false, all: true, timeout: 900_000 };
    // Prisma's CLI downloads a schema engine unless it is told of another; formatting runs none.
    const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };
    const result = await execa(command, args, { ...options, env });
    if (!result.failed) return;
    failures.push([title, result.all || String(result.message)]);
    throw new Error(title);
  },
});

await new Listr(
  [task(build), { task: (_, checks) => checks.newListr(steps.map(task), { concurrent: 2, exitOnError: false }) }],
  { exitOnError: false, renderer: process.stdout.isTTY ? 'default' : 'simple' },
).run();

for (const [title, output] of failures) console.log(`\n── ${title} ──\n${output}`);
const passed = steps.length + 1 - failures.length;
console.log(`\n${passed} checks passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
