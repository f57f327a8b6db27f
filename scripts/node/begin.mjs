/** How each command begins, from a bare clone on any Node that may begin it. Uses nothing but Node. */
import { install } from './install.mjs';
import { continueOnPinnedNode, requireNodeToBegin } from './pinned-node.mjs';

/**
 * Installs what is missing and goes on on the pinned Node. A command imports packages only after that.
 *
 * @param {'product' | 'everything'} scope which packages the command needs
 * @param {AbortSignal} [signal] ends the command early
 * @throws {Error} when npm fails, or there is no Node that the product runs on
 */
export async function begin(scope, signal) {
  requireNodeToBegin();
  await install(scope, signal);
  signal?.throwIfAborted();
  await continueOnPinnedNode(signal ? { signal } : {});
}

/**
 * Begins a command that ends by itself. Its failure is printed, and ends the process with code 1.
 *
 * @param {() => unknown} work
 * @param {'product' | 'everything'} [scope] which packages it needs; all unless given
 */
export async function runCommand(work, scope = 'everything') {
  try {
    await begin(scope);
    await work();
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    process.exit(1);
  }
}
