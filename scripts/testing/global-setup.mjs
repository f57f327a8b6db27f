/**
 * Jest calls this before the tests. It makes `npx jest FILE`, and a click in an editor, work without `npm test`: on the
 * Node and with the flags that the tests need, and with the services that the environment doesn't name.
 */
import { continueOnPinnedNode } from '../node/pinned-node.mjs';
import { TEST_FLAGS } from './flags.mjs';
import { TestServices } from './services.mjs';

/** @import {Step} from '../services/progress.mjs' */

/** What was started for this run; null if the environment named everything. @type {TestServices | null} */
export let services = null;

export default async function globalSetup() {
  await continueOnPinnedNode({ flags: TEST_FLAGS });
  const { DATABASE_URL, REDIS_HOST } = process.env;
  // `npm test` has started and built everything for all of its calls of Jest.
  if (DATABASE_URL && REDIS_HOST) return;
  services = await TestServices.create();
  const { postgres, redis, build } = services;
  const steps = [...(DATABASE_URL ? [] : [postgres]), ...(REDIS_HOST ? [] : [redis]), build];
  // Standard output may be read by a program (--json).
  const report = (/** @type {string} */ line) => void process.stderr.write(`${line}\n`);
  report(`Starting: ${steps.map(({ title }) => title).join(', ')}`);
  try {
    await Promise.all(steps.map(({ work }) => work(report)));
  } catch (error) {
    await services.stop();
    throw error;
  }
  // Jest's workers inherit it.
  Object.assign(process.env, services.env);
}
