/** One run of all tests on services of its own. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { packageCommand } from '../node/package-command.mjs';
import { runSteps } from '../services/progress.mjs';
import { TEST_FLAGS } from './flags.mjs';
import { TestServices } from './services.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * First all that can share the machine: more files at a time than there are processors, since most of them wait for
 * something most of the time. Then the one that needs all processors. test/support has databases in Redis for four workers.
 */
const PHASES = [
  {
    projects: ['unit', 'integration', 'architecture', 'contract', 'e2e'],
    workers: Math.min(4, Math.ceil(1.5 * availableParallelism())),
  },
  { projects: ['chaos'], workers: 1 },
];

/** Run only when they are named. */
const OTHERS = [
  { projects: ['clients'], workers: Math.min(3, Math.ceil(1.5 * availableParallelism())) },
  // One at a time: they count what the servers do as a whole.
  { projects: ['operations'], workers: 1 },
  { projects: ['load'], workers: 1 },
];

/** @typedef {{projects: string[], workers: number}} Phase */
/** @typedef {{passed: number, failed: number, skipped: number, files: number}} Totals */

/**
 * @param {string[]} args for Jest
 * @param {AbortSignal} signal ends the run early
 * @returns {Promise<boolean>} whether all is well
 */
export async function runTests(args, signal) {
  const services = await TestServices.create(signal);
  try {
    await runSteps([services.postgres, services.redis, services.build], { concurrent: true });
    const report = join(services.folder, 'report.json');
    /** @type {Totals[]} */
    const totals = [];
    for (const phase of selected(args)) totals.push(await runJest(phase, args, services.env, report, signal));
    return conclude(totals);
  } finally {
    await services.stop();
  }
}

/**
 * @param {string[]} args
 * @returns {Phase[]} all, unless the arguments name projects themselves
 */
function selected(args) {
  const named = [...PHASES, ...OTHERS].filter(({ projects }) => projects.some((project) => args.includes(project)));
  if (!args.includes('--selectProjects') || named.length === 0) return PHASES;
  return [{ projects: [], workers: Math.min(...named.map(({ workers }) => workers)) }];
}

/**
 * @param {Phase} phase
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {string} report where Jest is to write its results
 * @param {AbortSignal} signal
 * @returns {Promise<Totals>}
 */
async function runJest({ projects, workers }, args, env, report, signal) {
  const selection = projects.length > 0 ? ['--selectProjects', ...projects] : [];
  const options = ['--passWithNoTests', `--maxWorkers=${workers}`, '--json', `--outputFile=${report}`];
  // The pattern comes first: Jest would take what follows --selectProjects for a project.
  const jest = [...TEST_FLAGS, packageCommand('jest')];
  await execa(process.execPath, [...jest, ...args, ...options, ...selection], {
    cwd: root,
    env,
    stdio: ['inherit', 'ignore', 'inherit'],
    reject: false,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  const result = JSON.parse(await readFile(report, 'utf8'));
  return {
    passed: result.numPassedTests,
    // A file that doesn't even load has failed, too.
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
    files: result.numTotalTestSuites,
  };
}

/** Prints the sum. @param {Totals[]} totals @returns {boolean} whether all is well */
function conclude(totals) {
  const sum = (/** @type {keyof Totals} */ key) => totals.reduce((total, each) => total + each[key], 0);
  if (sum('files') === 0) console.log('\nNo test file matches.');
  if (sum('skipped') > 0) console.log(`\n${sum('skipped')} skipped`);
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 && sum('files') > 0;
}
