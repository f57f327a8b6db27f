/**
 * `npm run test:nodes`: the unit and e2e suites on each tested version of Node. `npm run test:nodes -- 22` takes one, and
 * further arguments are for Jest: `npm run test:nodes -- 22 demo`.
 */
import { begin } from './node/begin.mjs';
import { shutdownSignal } from './node/shutdown-signal.mjs';

const shutdown = shutdownSignal();
try {
  await begin('everything', shutdown);
  const { TESTED_NODES, testOnNode } = await import('./testing/nodes.mjs');
  const [major, ...others] = process.argv.slice(2);
  const named = TESTED_NODES.filter((version) => version.split('.')[0] === major);
  const args = named.length > 0 ? others : process.argv.slice(2);
  /** @type {string[]} */
  const verdicts = [];
  for (const version of named.length > 0 ? named : TESTED_NODES) {
    console.log(`\n── Node ${version} ──`);
    const passed = await testOnNode(version, args, shutdown);
    verdicts.push(`Node ${version}: ${passed ? 'passed' : 'failed'}`);
    if (!passed) process.exitCode = 1;
  }
  console.log(`\n${verdicts.join('\n')}`);
} catch (error) {
  console.error(`\n${/** @type {Error} */ (shutdown.aborted ? shutdown.reason : error).message}`);
  process.exit(1);
}
