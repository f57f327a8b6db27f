/**
 * `npm start`: the whole product on this machine, from a bare clone: dependencies, PostgreSQL, Redis, migrations, build,
 * sandbox, API and worker. It ends all of them when it ends, and ends when one of them does.
 * `npm run dev` is the same, and builds and starts anew when a source changes.
 */
import { release, take } from './alone.mjs';
import { install } from './install.mjs';
import { interruption } from './interruption.mjs';
import { refuseTakenPorts } from './local-ports.mjs';
import { readSettings } from './local-settings.mjs';
import { requireNode } from './node-version.mjs';

requireNode();
const interrupted = interruption();
try {
  const other = take('start');
  if (other !== null) throw new Error(`This clone runs already, as process ${other}.`);
  await refuseTakenPorts(readSettings());
  await install(interrupted);
  const { runLocally } = await import('./local-run.mjs');
  await runLocally({ reload: process.argv.includes('--reload'), interrupted });
} catch (error) {
  const reason = /** @type {Error} */ (interrupted.aborted ? interrupted.reason : error);
  (interrupted.aborted ? console.log : console.error)(`\n${reason.message}`);
  process.exitCode = interrupted.aborted ? 0 : 1;
} finally {
  release('start');
  // Whatever a cut-off step may still be waiting for.
  process.exit();
}
