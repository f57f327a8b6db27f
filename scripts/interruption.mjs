/** When people or their tools want a command to end. Uses nothing but Node. */
import { readFileSync } from 'node:fs';

/** @returns {AbortSignal} aborted by Ctrl-C, SIGTERM, SIGHUP, and the end of the npm that runs us, if it is killed */
export function interruption() {
  const controller = new AbortController();
  const end = (/** @type {string} */ reason) => controller.abort(new Error(reason));
  for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => end(`Stopped by ${signal}.`));
  }
  // Run by hand, the parent is a terminal's shell, whose end means nothing (nohup).
  if (process.env['npm_lifecycle_event']) {
    const npm = lineage();
    setInterval(() => lineage() !== npm && end('npm is gone.'), 500).unref();
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
    // Only Linux tells that much; elsewhere the shell steps aside.
    return `${parent}`;
  }
}
