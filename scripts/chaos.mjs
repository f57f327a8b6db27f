/**
 * `npm run chaos -- --seconds 600 --seed 7`: attacks the product for as long as you like, on services of its own. The same
 * seed draws the same faults. Ends with what was accepted, what was broken, and which promises were.
 */
import { parseArgs } from 'node:util';
import { execa } from 'execa';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});

const { exitCode } = await execa('node', ['scripts/test.mjs', 'test/chaos', '--selectProjects', 'chaos'], {
  stdio: 'inherit',
  reject: false,
  env: { CHAOS_SECONDS: values.seconds, CHAOS_SEED: values.seed },
});
process.exitCode = exitCode;
