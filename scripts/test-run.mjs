/** One run of all tests on services of its own. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { FORGETFUL, createDatabase, startPostgres } from './postgres.mjs';
import { freePort } from './ports.mjs';
import { Processes } from './processes.mjs';
import { runSteps } from './progress.mjs';
import { provideRedis, startRedis } from './redis.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const TEMPLATE = 'template_chat';

/**
 * Tests in one process first, as many at a time as there are processors; then those that start the whole product, which
 * mostly wait for it; then the one that wants all processors for itself. The support has databases in Redis for four
 * workers.
 */
const PHASES = [
  { projects: ['unit', 'integration', 'architecture', 'contract'], workers: Math.min(4, availableParallelism()) },
  { projects: ['e2e'], workers: Math.min(4, availableParallelism()) },
  { projects: ['chaos'], workers: 1 },
];

/** @typedef {{projects: string[], workers: number}} Phase */
/** @typedef {{passed: number, failed: number, skipped: number, files: number}} Totals */

/**
 * @param {string[]} args for Jest
 * @param {AbortSignal} signal ends the run early
 * @returns {Promise<boolean>} whether all is well
 */
export async function runTests(args, signal) {
  const processes = new Processes();
  const folder = await mkdtemp(join(tmpdir(), 'chat-test-'));
  processes.removeAtEnd(folder);
  try {
    const env = await provide(processes, folder, signal);
    /** @type {Totals[]} */
    const totals = [];
    for (const phase of selected(args))
      totals.push(await runJest(phase, args, env, join(folder, 'report.json'), signal));
    return conclude(totals);
  } finally {
    await processes.stop();
  }
}

/**
 * @param {string[]} args
 * @returns {Phase[]} all, unless the arguments name projects themselves
 */
function selected(args) {
  const named = PHASES.filter(({ projects }) => projects.some((project) => args.includes(project)));
  if (!args.includes('--selectProjects') || named.length === 0) return PHASES;
  return [{ projects: [], workers: Math.min(...named.map(({ workers }) => workers)) }];
}

/**
 * Starts what the tests need and builds what is stale.
 *
 * @param {Processes} processes
 * @param {string} folder
 * @param {AbortSignal} signal
 * @returns {Promise<Record<string, string>>} the tests' environment
 */
async function provide(processes, folder, signal) {
  const script = (/** @type {string[]} */ args, /** @type {Record<string, string>} */ env = {}) =>
    execa(process.execPath, args, { cwd: root, env, all: true, cancelSignal: signal });
  /** @type {Record<string, string>} */
  const env = { REDIS_HOST: '127.0.0.1', TEST_TEMPLATE_DATABASE: TEMPLATE };

  const database = async () => {
    const port = await freePort();
    const options = { folder: join(folder, 'postgres'), port, password: randomUUID(), settings: FORGETFUL };
    const postgres = await startPostgres(processes, options);
    await createDatabase(postgres, TEMPLATE);
    await script(['prisma/migrate.mjs'], { DATABASE_URL: postgres.url(TEMPLATE) });
    env['DATABASE_URL'] = postgres.url('postgres');
  };
  const redis = async (/** @type {(line: string) => void} */ tell) => {
    const [program, port] = [await provideRedis(tell), await freePort()];
    await startRedis(processes, { program, folder: join(folder, 'redis'), port, durable: false });
    env['REDIS_PORT'] = String(port);
  };
  const steps = [
    { title: 'PostgreSQL with a migrated template', work: database },
    { title: 'Redis', work: redis },
    { title: 'Build', work: () => script(['scripts/build.mjs', '--if-stale']) },
  ];
  await runSteps(steps, { concurrent: true });
  return env;
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
  await execa('jest', [...args, ...options, ...selection], {
    cwd: root,
    preferLocal: true,
    localDir: root,
    env: { ...env, NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' },
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
