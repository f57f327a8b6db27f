/** Slow steps, shown as they go: live on a terminal, line by line elsewhere. */
import { Listr } from 'listr2';

/** @typedef {{title: string, work: (report: (line: string) => void) => unknown}} Step `report` shows its progress */

/**
 * @param {Step[]} steps
 * @param {{concurrent?: boolean}} [options]
 * @throws what the first failing step throws
 */
export async function runSteps(steps, { concurrent = false } = {}) {
  const tasks = new Listr([], {
    concurrent,
    renderer: process.stdout.isTTY ? 'default' : 'simple',
    // Left to itself it would end the process at Ctrl-C, with everything that was started still running.
    registerSignalListeners: false,
  });
  for (const { title, work } of steps) {
    tasks.add({
      title,
      task: async (_, task) => {
        try {
          await work((line) => (task.output = line));
        } catch (error) {
          // Its whole text is for the caller; here it would be printed twice.
          throw new Error('see below', { cause: error });
        }
      },
    });
  }
  await tasks.run().catch((/** @type {Error} */ error) => {
    throw error.cause ?? error;
  });
}
