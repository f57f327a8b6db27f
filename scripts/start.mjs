/**
 * `npm start`: the whole product on this machine, from a bare clone: dependencies, PostgreSQL, Redis, migrations, build,
 * sandbox, API and worker. It ends all of them when it ends, and ends when one of them does.
 * `npm run dev` is the same, and builds and restarts when a source changes.
 */
import { refuseTakenPorts } from './local/published-ports.mjs';
import { readSettings } from './local/settings.mjs';
import { begin } from './node/begin.mjs';
import { acquireLock, lockHolder, releaseLock } from './node/process-lock.mjs';
import { shutdownSignal } from './node/shutdown-signal.mjs';

/** @param {number | null} holder @throws {Error} if there is one */
function refuseSecondRun(holder) {
  if (holder !== null) throw new Error(`This clone runs already, as process ${holder}.`);
}

const shutdown = shutdownSignal();
try {
  refuseSecondRun(lockHolder('start'));
  await refuseTakenPorts(readSettings());
  await begin('product', shutdown);
  refuseSecondRun(acquireLock('start'));
  const { runLocally } = await import('./local/run.mjs');
  await runLocally({ reload: process.argv.includes('--reload'), shutdown });
} catch (error) {
  const reason = /** @type {Error} */ (shutdown.aborted ? shutdown.reason : error);
  (shutdown.aborted ? console.log : console.error)(`\n${reason.message}`);
  process.exitCode = shutdown.aborted ? 0 : 1;
} finally {
  releaseLock('start');
  // Whatever a cut-off step may still be waiting for.
  process.exit();
}
