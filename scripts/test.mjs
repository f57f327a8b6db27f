/**
 * `npm test`: all tests, from a bare clone. Provides a PostgreSQL and a Redis of its own for the time of the run, builds
 * what is stale, and hands its arguments to Jest: `npm test -- quota`, `npm test -- --selectProjects unit`.
 */
import { install } from './install.mjs';
import { requireNode } from './node-version.mjs';

requireNode();
const stopping = new AbortController();
for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => stopping.abort(new Error(`Stopped by ${signal}.`)));
}
try {
  await install();
  const { runTests } = await import('./test-run.mjs');
  process.exitCode = (await runTests(process.argv.slice(2), stopping.signal)) ? 0 : 1;
} catch (error) {
  const reason = stopping.signal.aborted ? stopping.signal.reason : error;
  console.error(`\n${reason instanceof Error ? reason.message : String(reason)}`);
  process.exitCode = stopping.signal.aborted ? 130 : 1;
}
