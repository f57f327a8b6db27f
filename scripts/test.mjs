/**
 * `npm test`: all tests, from a bare clone. Provides a PostgreSQL and a Redis of its own for the time of the run, builds
 * what is stale, and hands its arguments to Jest: `npm test -- quota`, `npm test -- --selectProjects unit`.
 */
import { install } from './install.mjs';
import { interruption } from './interruption.mjs';
import { requireNode } from './node-version.mjs';

requireNode();
const interrupted = interruption();
try {
  await install(interrupted);
  const { runTests } = await import('./test-run.mjs');
  process.exitCode = (await runTests(process.argv.slice(2), interrupted)) ? 0 : 1;
} catch (error) {
  const reason = /** @type {Error} */ (interrupted.aborted ? interrupted.reason : error);
  console.error(`\n${reason.message}`);
  process.exit(interrupted.aborted ? 130 : 1);
}
