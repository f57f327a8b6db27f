import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs the work and lets its end, good or bad, be known only at the next multiple of `stepMs` after its beginning,
 * so that what it had to do doesn't show in how long it took.
 */
export async function padDuration<T>(stepMs: number, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  try {
    return await work();
  } finally {
    const taken = performance.now() - begun;
    if (stepMs > 0) await sleep(stepMs - (taken % stepMs));
  }
}
