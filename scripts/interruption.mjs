/** When people or their tools want a command to end. Uses nothing but Node. */

/**
 * @returns {AbortSignal} aborted by Ctrl-C, SIGTERM, SIGHUP, and the end of the npm that runs us, if it is killed
 */
export function interruption() {
  const controller = new AbortController();
  const end = (/** @type {string} */ reason) => controller.abort(new Error(reason));
  for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => end(`Stopped by ${signal}.`));
  }
  // Run by hand, the parent is a shell, whose end means nothing (nohup).
  if (process.env['npm_lifecycle_event']) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && end('npm is gone.'), 500).unref();
  }
  return controller.signal;
}
