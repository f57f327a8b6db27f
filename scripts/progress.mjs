/** Slow steps, shown as they go: live on a terminal, line by line elsewhere. */
import { Listr } from 'listr2';

/** @import {ListrTask} from 'listr2' */

/**
 * @param {ListrTask[]} tasks
 * @param {{concurrent?: boolean}} [options]
 * @throws {Error} that of the first task that fails
 */
export async function runTasks(tasks, { concurrent = false } = {}) {
  const renderer = process.stdout.isTTY ? 'default' : 'simple';
  // Left to itself it would end the process at Ctrl-C, with everything that was started still running.
  await new Listr(tasks, { concurrent, renderer, registerSignalListeners: false }).run();
}
