import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs work and pads its duration, whether it succeeds or fails, to the next multiple of `stepMs`, so that the duration
 * doesn't reveal what the work had to do.
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
