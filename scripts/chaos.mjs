/**
 * `npm run chaos -- --seconds 600 --seed 7`: injects faults into the running product for as long as you like, on services
 * of its own. The same seed draws the same faults. It ends with what was accepted, what was broken, and which guarantees
 * were. `--pooler` has PgBouncer in transaction mode stand before PostgreSQL; it is killed like the other services.
 */
import { parseArgs } from 'node:util';
import { runTestCommand } from './testing/command.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    pooler: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});

Object.assign(process.env, { CHAOS_SECONDS: values.seconds, CHAOS_SEED: values.seed });
if (values.pooler) process.env['CHAOS_POOLER'] = 'yes';
await runTestCommand(['test/chaos', '--selectProjects', 'chaos']);
