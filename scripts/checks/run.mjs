/** Runs every check, whatever the others report. What those that fail have printed comes at the end. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Listr } from 'listr2';
import { packageCommand } from '../node/package-command.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const IMPORT_GATE = ['--config', 'dependency-cruiser.config.mjs', 'apps', 'libs', 'prisma', 'scripts', 'test', 'bench'];
const WRITE_DOCUMENT = 'dist/apps/api/src/openapi/write-document.js';
const TIMEOUT_MS = 900_000;

/** @typedef {[title: string, script: string, ...args: string[]]} Check a script and its arguments, for Node */

/** Brings what is generated up to date, for the others to read. @type {Check} */
const BUILD = ['Build', 'scripts/build.mjs', '--if-stale'];

/** @returns {Check[]} */
const checks = () => [
  ['Lint', packageCommand('eslint'), '.', '--max-warnings', '0'],
  ['Types', packageCommand('typescript', 'tsc'), '--noEmit'],
  ['Types of the client', packageCommand('typescript', 'tsc'), '--noEmit', '--project', 'libs/client'],
  ['Types of the page', packageCommand('typescript', 'tsc'), '--noEmit', '--project', 'apps/web'],
  ['Types of the example', packageCommand('typescript', 'tsc'), '--noEmit', '--project', 'examples/use-chat'],
  ['Format', packageCommand('prettier'), '--check', '.'],
  ['Format of the schema', packageCommand('prisma'), 'format', '--check'],
  ['Imports', packageCommand('dependency-cruiser', 'depcruise'), ...IMPORT_GATE],
  ['Files, folders and words', 'scripts/checks/conventions.mjs'],
  ['Dead code', packageCommand('knip'), '--no-progress'],
  ['Migrations make the schema', 'prisma/check.mjs'],
  ['Migrations are frozen and block no one', 'scripts/checks/migrations.mjs'],
  ['OpenAPI document', WRITE_DOCUMENT, '--check'],
  ['OpenAPI types of the client', 'libs/client/openapi-types.mjs', '--check'],
  ['Configuration', 'scripts/configuration.mjs', '--check'],
  ['Lockfile', 'scripts/checks/lockfile.mjs'],
  ['Node versions', 'scripts/checks/node-versions.mjs'],
];

/** @returns {Promise<boolean>} whether all passed */
export async function runChecks() {
  const all = checks();
  /** @type {[title: string, output: string][]} */
  const failures = [];
  const task = (/** @type {Check} */ [title, ...command]) => ({
    title,
    task: async () => {
      const output = await outputOfFailure(command);
      if (output === null) return;
      failures.push([title, output]);
      throw new Error(title);
    },
  });
  await new Listr(
    [task(BUILD), { task: (_, steps) => steps.newListr(all.map(task), { concurrent: 2, exitOnError: false }) }],
    { exitOnError: false, renderer: process.stdout.isTTY ? 'default' : 'simple' },
  ).run();
  for (const [title, output] of failures) console.log(`\n── ${title} ──\n${output}`);
  console.log(`\n${all.length + 1 - failures.length} checks passed, ${failures.length} failed`);
  return failures.length === 0;
}

/** @param {string[]} command for Node @returns {Promise<string | null>} what it printed if it failed, else null */
async function outputOfFailure(command) {
  const { failed, all, message } = await execa(process.execPath, command, {
    cwd: root,
    reject: false,
    all: true,
    timeout: TIMEOUT_MS,
    // Prisma's CLI downloads a schema engine unless it is told of another; formatting runs none.
    env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
  });
  return failed ? all || String(message) : null;
}
