/** When people or their tools want a command to end. Uses nothing but Node. */
import { readFileSync } from 'node:fs';

const NPM_CHECK_MS = 500;

/**
 * @returns {AbortSignal} aborted by Ctrl-C, SIGTERM, SIGHUP, and the end of the process that runs this one (npm, or the
 *   Node that began the command), even if that is killed
 */
export function shutdownSignal() {
  const controller = new AbortController();
  const end = (/** @type {string} */ reason) => controller.abort(new Error(reason));
  for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => end(`Stopped by ${signal}.`));
  }
  if (process.channel) {
    // Begun on another Node (runOnNode): the channel closes with that process.
    process.once('disconnect', () => end('The process that began this one has ended.'));
    process.channel.unref();
  } else if (process.env['npm_lifecycle_event']) {
    // Run by hand, the parent is a terminal's shell, whose end means nothing (nohup).
    const npm = lineage();
    setInterval(() => lineage() !== npm && end('npm has ended.'), NPM_CHECK_MS).unref();
  }
  return controller.signal;
}

/** @returns {string} changes when npm dies: it is our parent, or that of the shell which it runs us through */
function lineage() {
  const parent = process.ppid;
  try {
    const [, name = '', grandparent] = /\((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${parent}/stat`, 'utf8')) ?? [];
    return name.endsWith('sh') ? `${parent} ${grandparent}` : `${parent}`;
  } catch {
    // Only Linux tells that much; elsewhere the shell replaces itself with us.
    return `${parent}`;
  }
}
