/**
 * `npm run check`: everything that CI checks besides the tests. Every step runs, whatever the others say;
 * the output of those that fail comes at the end.
 */
import { execa } from 'execa';
import { Listr } from 'listr2';

const root = new URL('..', import.meta.url);

/** What is checked, and the command that does it. @type {[string, string, string[]][]} */
const steps = [
  ['Types', 'tsc', ['--noEmit']],
  ['Lint', 'eslint', ['.', '--max-warnings', '0']],
  ['Format', 'prettier', ['--check', '.']],
  ['Format of the schema', 'prisma', ['format', '--check']],
  ['Imports', 'depcruise', ['--config', 'dependency-cruiser.config.mjs', 'apps', 'libs', 'prisma', 'scripts', 'test']],
  ['Dead code', 'knip', ['--no-progress']],
  ['Migrations make the schema', 'node', ['prisma/check.mjs']],
  ['Lockfile', 'node', ['scripts/check-lockfile.mjs']],
];

/** @param {string} command @param {string[]} args */
const run = (command, args) =>
  execa(command, args, { cwd: root, preferLocal: true, localDir: root, reject: false, all: true, timeout: 300_000 });

// The code that the others look at includes the generated client.
const generated = await run('node', ['prisma/generate.mjs']);
if (generated.failed) throw new Error(`The Prisma client cannot be generated:\n${generated.all}`);

/** @type {[string, string][]} */
const failures = [];
const tasks = steps.map(([title, command, args]) => ({
  title,
  task: async () => {
    const result = await run(command, args);
    if (!result.failed) return;
    failures.push([title, result.all || String(result.message)]);
    throw new Error(`${title}: ${command} ${args.join(' ')}`);
  },
}));
const renderer = process.stdout.isTTY ? 'default' : 'simple';
await new Listr(tasks, { concurrent: 2, exitOnError: false, renderer, collectErrors: false }).run();

for (const [title, output] of failures) console.log(`\n── ${title} ──\n${output}`);
console.log(`\n${steps.length - failures.length} of ${steps.length} checks passed.`);
process.exitCode = failures.length === 0 ? 0 : 1;
