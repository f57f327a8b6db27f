/** A command that runs tests, from a bare clone. Uses nothing but Node until the dependencies are installed. */
import { begin } from '../node/begin.mjs';
import { shutdownSignal } from '../node/shutdown-signal.mjs';

const INTERRUPTED = 130;

/** @param {string[]} args for Jest */
export async function runTestCommand(args) {
  const shutdown = shutdownSignal();
  try {
    await begin('everything', shutdown);
    const { runTests } = await import('./run.mjs');
    // Not when nothing is left to wait for: a connection that a library keeps would hold up a run that is over.
    process.exit((await runTests(args, shutdown)) ? 0 : 1);
  } catch (error) {
    const reason = /** @type {Error} */ (shutdown.aborted ? shutdown.reason : error);
    console.error(`\n${reason.message}`);
    process.exit(shutdown.aborted ? INTERRUPTED : 1);
  }
}
