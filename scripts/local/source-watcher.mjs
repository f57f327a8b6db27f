/** Notices when the sources change. */
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const QUIET_MS = 300;

/**
 * Calls back after every burst of changes, and never again before the callback has finished.
 *
 * @param {AbortSignal} signal ends it
 * @param {() => Promise<void>} onChange
 */
export function watchSources(signal, onChange) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let busy = Promise.resolve();
  const noticed = (/** @type {string | null} */ path) => {
    if (
      path === null ||
      !/\.(tsx?|sql|prisma|css|html|svg)$/.test(path) ||
      path.includes('generated') ||
      path.endsWith('spec.ts')
    )
      return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      busy = busy.then(onChange);
    }, QUIET_MS);
  };
  for (const folder of ['apps', 'libs', 'prisma']) {
    watch(`${root}${folder}`, { recursive: true, signal }, (_, path) => noticed(path));
  }
}
